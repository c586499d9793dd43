/** Which names, descriptions and client tokens are valid, for a creation and for a change. */
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { create, expectError, expectShown, find, marked, send, target, uncertain } from "./service.ts";
import { clustersWithPrefix } from "./target.ts";

/** U+20000: a Han character of two UTF-16 units. */
const astral = "𠀀";

interface Value {
  readonly text: string;
  readonly valid: boolean;
  /** The reference contradicts itself, or does not say. */
  readonly isUncertain?: boolean;
}

const values = (valid: boolean, isUncertain: boolean, ...texts: readonly string[]): Value[] =>
  texts.map((text) => ({ text, valid, isUncertain }));

const names: readonly Value[] = [
  ...values(true, false, "ab", "hpc-Cluster-01", "中a", "集群", "a_-9", "httpd"),
  ...values(true, false, `a${"b".repeat(127)}`, "集".repeat(128)),
  // Modify's page omits the period, and an older page allows the colon.
  ...values(true, true, "a.b", "a._-9", "http.x", astral.repeat(2), astral.repeat(128)),
  ...values(false, true, "ab:", "ab:c", astral, astral.repeat(129)),
  ...values(false, false, "", "a", "中", `a${"b".repeat(128)}`, "集".repeat(129)),
  ...values(false, false, "1a", "1ab", "-ab", "_ab", ".ab", "a b", "ab/", "ab\n", "http://ab", "https://ab"),
  // Neither ASCII nor Han: a letter with a diacritic, kana, a full-width digit.
  ...values(false, false, "äb", "ab中é", "あい", "a１"),
];

const descriptions: readonly Value[] = [
  ...values(true, false, "ab", "中文", "x".repeat(256), "中".repeat(256)),
  ...values(true, false, "HTTP://ab", "ftp://x", " http://x", "ends with a space ", "<&>\n\t\"'%+"),
  ...values(true, true, astral.repeat(256)),
  ...values(false, true, astral),
  ...values(false, false, "a", "中", "x".repeat(257), "中".repeat(257)),
  ...values(false, false, "http://", "http://ab", "https://x"),
];

const shortened = (text: string): string =>
  text.length > 24
    ? `${Array.from(text)[1] ?? ""}… (${Array.from(text).length} characters)`
    : JSON.stringify(text);

/** One test for each value: an uncertain one where the reference is. */
function testEach(parameter: string, cases: readonly Value[], body: (value: Value) => Promise<void>): void {
  for (const value of cases) {
    const title = `${value.valid ? "accepts" : "rejects"} the ${parameter} ${shortened(value.text)}`;
    (value.isUncertain === true ? uncertain : test)(title, () => body(value));
  }
}

const invalidName = "InvalidHpcClusterName.Malformed";
const invalidDescription = "InvalidHpcClusterDescription.Malformed";

describe("CreateHpcCluster", () => {
  const action = "CreateHpcCluster";

  testEach("name", names, async ({ text: Name, valid }) => {
    if (valid) {
      await expectShown(await create({ Name, Description: marked("valid") }), { Name });
    } else {
      expectError(await send(action, { Name, Description: marked("rejected") }), action, invalidName);
    }
  });

  testEach("description", descriptions, async ({ text: Description, valid }) => {
    if (valid) {
      await expectShown(await create({ Description }), { Description });
    } else {
      expectError(await send(action, { Name: marked("rejected"), Description }), action, invalidDescription);
    }
  });

  test("accepts an empty description", async () => {
    await expectShown(await create({ Description: "" }), { Description: "" });
  });

  test("accepts a client token of 64 characters", async () => {
    expect(await create({ ClientToken: randomUUID().padEnd(64, "~") })).toMatch(/^hpc-/);
  });

  test.each(["x".repeat(65), "é", "中"])("rejects the client token %j", async (ClientToken) => {
    const answer = await send(action, { Name: marked("rejected"), ClientToken });
    expectError(answer, action, "Invalid.Parameter");
  });

  test("creates nothing for a rejected value", async () => {
    // What an uncertain test has found to be accepted is deleted after that test.
    expect(await clustersWithPrefix(target, marked("rejected"))).toEqual([]);
  });
});

describe("ModifyHpcClusterAttribute", () => {
  const action = "ModifyHpcClusterAttribute";
  let HpcClusterId: string;
  beforeAll(async () => {
    HpcClusterId = await create({ Description: marked("modified") }, true);
    await expectShown(HpcClusterId, {});
  });

  testEach("name", names, async ({ text: Name, valid }) => {
    const before = (await find(HpcClusterId))?.Name;
    // The mark must be in the description while the name is being tried.
    const answer = await send(action, { HpcClusterId, Name, Description: marked("modified") });
    if (valid) {
      expect(answer.status).toBe(200);
    } else {
      expectError(answer, action, invalidName);
    }
    await expectShown(HpcClusterId, { Name: valid ? Name : before! });
  });

  testEach("description", descriptions, async ({ text: Description, valid }) => {
    const before = (await find(HpcClusterId))?.Description;
    const answer = await send(action, { HpcClusterId, Name: marked("modified"), Description });
    if (valid) {
      expect(answer.status).toBe(200);
    } else {
      expectError(answer, action, invalidDescription);
    }
    await expectShown(HpcClusterId, { Description: valid ? Description : before! });
  });
});
