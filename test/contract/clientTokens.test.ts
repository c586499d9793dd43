/** What a repeated ClientToken does. */
import { randomUUID } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { create, expectError, expectShown, find, marked, send, target, uncertain } from "./service.ts";
import type { Overrides } from "./target.ts";

const creation = { ClientToken: randomUUID(), Name: marked("farm") };
let id: string;

beforeAll(async () => {
  id = await create(creation, true);
  await expectShown(id, {});
});

/** The id in the answer to a creation; undefined for an error. */
async function idOf(parameters: Overrides): Promise<unknown> {
  return (await send("CreateHpcCluster", parameters)).json["HpcClusterId"];
}

test("returns the same cluster for the same token, in an answer of its own", async () => {
  const answers = [await send("CreateHpcCluster", creation), await send("CreateHpcCluster", creation)];
  expect(answers.map(({ status, json }) => [status, json["HpcClusterId"]])).toEqual([
    [200, id],
    [200, id],
  ]);
  expect(answers[0]!.json["RequestId"]).not.toBe(answers[1]!.json["RequestId"]);
});

test("returns the same cluster for a repeated GET", async () => {
  const { json } = await send("CreateHpcCluster", creation, { method: "GET" });
  expect(json["HpcClusterId"]).toBe(id);
});

test.each([{ Name: marked("barn") }, { Description: "frames" }])(
  "returns IdempotentParameterMismatch for the same token with %j",
  async (other) => {
    const { status, json } = await send("CreateHpcCluster", { ...creation, ...other });
    expect([400, 403]).toContain(status);
    expect(json["Code"]).toBe("IdempotentParameterMismatch");
  },
);

// The reference allows 403 too.
uncertain("returns IdempotentParameterMismatch with the status 400", async () => {
  const answer = await send("CreateHpcCluster", { ...creation, Name: marked("barn") });
  expectError(answer, "CreateHpcCluster", "IdempotentParameterMismatch");
});

uncertain("returns IdempotentParameterMismatch for an empty description where there was none", async () => {
  const answer = await send("CreateHpcCluster", { ...creation, Description: "" });
  expectError(answer, "CreateHpcCluster", "IdempotentParameterMismatch");
});

test("creates one cluster for two calls at the same time", async () => {
  const parameters = { ClientToken: randomUUID(), Name: marked("twin") };
  const answers = await Promise.all([idOf(parameters), idOf(parameters)]);
  // One of the two may get IdempotentProcessing instead.
  expect(new Set(answers.filter((answer) => answer !== undefined)).size).toBe(1);
});

test("creates a cluster for each call without a token", async () => {
  const withoutToken = { Name: marked("no-token") };
  const ids = [
    await idOf(withoutToken),
    await idOf(withoutToken),
    await idOf({ ...withoutToken, ClientToken: "" }),
    await idOf({ ...withoutToken, ClientToken: "" }),
  ];
  expect(new Set([id, ...ids])).not.toContain(undefined);
  expect(new Set([id, ...ids]).size).toBe(5);
});

test("distinguishes upper case and lower case", async () => {
  const other = await idOf({ ...creation, ClientToken: creation.ClientToken.toUpperCase() });
  expect(other).toMatch(/^hpc-/);
  expect(other).not.toBe(id);
});

test("accepts the token of a rejected creation", async () => {
  const ClientToken = randomUUID();
  const rejected = { ClientToken, Name: "1", Description: marked("rejected") };
  expect((await send("CreateHpcCluster", rejected)).status).toBe(400);
  expect(await idOf({ ClientToken, Name: marked("valid") })).toMatch(/^hpc-/);
});

test("does not repeat a change for the same token", async () => {
  const change = (Description: string, ClientToken: string) =>
    send("ModifyHpcClusterAttribute", { HpcClusterId: id, Description, ClientToken });
  const firstToken = randomUUID();
  expect((await change("first", firstToken)).status).toBe(200);
  expect((await change("second", randomUUID())).status).toBe(200);
  await expectShown(id, { Description: "second" });
  expect((await change("first", firstToken)).status).toBe(200);
  expect(await find(id)).toMatchObject({ Description: "second" });
});

test("repeats the answers to a change and to a deletion", async () => {
  const ClientToken = randomUUID();
  const HpcClusterId = await create({ ClientToken });
  const modify = () => send("ModifyHpcClusterAttribute", { HpcClusterId, Name: marked("barn"), ClientToken });
  const remove = (token: string) => send("DeleteHpcCluster", { HpcClusterId, ClientToken: token });
  // A token belongs to one action: this one has created the cluster.
  const answers = [await modify(), await remove(ClientToken), await modify(), await remove(ClientToken)];
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expectError(await remove(randomUUID()), "DeleteHpcCluster", "NotExists.HpcCluster");
});

// A run against the real service creates nothing in other regions.
test.skipIf(target.isService)("creates another cluster for the same token in another region", async () => {
  expect(await idOf({ ...creation, RegionId: target.otherRegion })).not.toBe(id);
});

uncertain("returns a deleted cluster for its token, and does not create it again", async () => {
  const parameters = { ClientToken: randomUUID(), Name: marked("deleted") };
  const HpcClusterId = await create(parameters);
  await send("DeleteHpcCluster", { HpcClusterId });
  await expectShown(HpcClusterId, undefined);
  expect(await idOf(parameters)).toBe(HpcClusterId);
  expect(await find(HpcClusterId)).toBeUndefined();
});

uncertain("still knows the token of the first creation after the other tests", async () => {
  expect(await idOf(creation)).toBe(id);
});
