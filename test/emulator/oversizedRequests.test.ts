import { connect } from "node:net";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { ask } from "./rawRequest.ts";

const MiB = 1024 * 1024;
const regionId = "cn-hangzhou";
let ecs: Emulator;

beforeEach(async () => {
  ecs = await startEmulator();
});
afterEach(() => ecs.stop());

async function putFaults(body: string) {
  const answer = await fetch(`${ecs.endpoint}/_emulator/faults`, { method: "PUT", body });
  return { status: answer.status, body: await answer.text() };
}

/** Sends the head of a request, then a body that ends only when the connection does, or when `most` bytes were accepted. */
async function stream(head: string, isChunked: boolean, most: number) {
  const { hostname, port } = new URL(ecs.endpoint);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
  socket.on("error", () => {}); // the connection is reset while the body is sent
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const length = isChunked ? "transfer-encoding: chunked" : `content-length: ${600 * MiB}`;
  socket.write(`${head}\r\n${length}\r\n\r\n`);
  const part = Buffer.alloc(64 * 1024, "x");
  const piece = isChunked ? Buffer.concat([Buffer.from("10000\r\n"), part, Buffer.from("\r\n")]) : part;
  let accepted = 0;
  while (!socket.destroyed && accepted < most) {
    if (!socket.write(piece)) {
      await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
    }
    accepted += part.length;
  }
  const isClosed = socket.destroyed;
  socket.destroy();
  await closed;
  return { answer, isClosed };
}

describe("a body that is longer than 1 MiB", () => {
  const host = "host: 127.0.0.1";
  const form = "content-type: application/x-www-form-urlencoded";
  const web = "origin: https://example.com";

  test.each([
    ["of the API", `POST /?Format=JSON&Action=DescribeRegions HTTP/1.1\r\n${host}\r\n${form}`, 413],
    ["of a control request", `PUT /_emulator/faults HTTP/1.1\r\n${host}`, 413],
    ["of a web page", `PUT /_emulator/faults HTTP/1.1\r\n${host}\r\n${web}`, 403],
    ["of an unknown control request", `PUT /_emulator/x HTTP/1.1\r\n${host}`, 404],
  ])("%s is answered without its end, and closes the connection", async (_, head, status) => {
    for (const isChunked of [true, false]) {
      const { answer, isClosed } = await stream(head, isChunked, 64 * MiB);
      expect([isChunked, answer.slice(0, 12), isClosed]).toEqual([isChunked, `HTTP/1.1 ${status}`, true]);
    }
  });

  test("has its own code, and changes nothing", async () => {
    const Description = "x".repeat(MiB);
    const create = { RegionId: regionId, Name: "farm", Description };
    const { status, text } = await ask(ecs, "CreateHpcCluster", create);
    expect([status, text]).toEqual([
      413,
      expect.stringContaining("<Code>RequestBodyTooLarge</Code>"), // the format is in the form, too
    ]);
    expect((await ask(ecs, "CreateHpcCluster", { ...create, Description: "" })).status).toBe(200);
    expect(ecs.store.clusters()).toHaveLength(1);
    expect(ecs.requests[0]).toMatchObject({ status: 413, code: "RequestBodyTooLarge", committed: false });
  });

  test("one byte less is read", async () => {
    const plan = '{"rules":[]}';
    expect((await putFaults(plan.padEnd(MiB))).status).toBe(200);
    expect(await putFaults(plan.padEnd(MiB + 1))).toEqual({
      status: 413,
      body: '{"error":"The body is longer than 1 MiB."}',
    });
  });
});

describe("deeply nested JSON", () => {
  const depth = 50_000;
  const lists = "[".repeat(depth) + "]".repeat(depth);
  const objects = '{"a":'.repeat(depth) + "1" + "}".repeat(depth);

  test.each([
    ["the plan", "$"],
    ["the seed", '{"rules":[],"seed":$}'],
    ["the rules", '{"rules":$}'],
    ["a rule", '{"rules":[$]}'],
    ["a kind", '{"rules":[{"kind":$}]}'],
    ["an action", '{"rules":[{"kind":"reset","action":$}]}'],
    ["calls", '{"rules":[{"kind":"reset","calls":$}]}'],
    ["a field", '{"rules":[{"kind":"latency","ms":$}]}'],
    ["an unknown field", '{"rules":[{"kind":"reset","x":$}]}'],
  ])("in a fault plan, as %s, is refused in a short message", async (_, plan) => {
    for (const nested of [lists, objects]) {
      const { status, body } = await putFaults(plan.replace("$", nested));
      expect(status).toBe(400);
      expect(body).toContain("is not a valid fault plan");
      expect(body.length).toBeLessThan(2000);
    }
  });

  test("in HpcClusterIds is refused", async () => {
    for (const nested of [lists, objects]) {
      const list = { RegionId: regionId, HpcClusterIds: nested };
      const { status, json } = await ask(ecs, "DescribeHpcClusters", list);
      expect([status, json["Code"]]).toEqual([400, "InvalidHpcClusterIds.Malformed"]);
    }
  });
});

describe("a long message is cut", () => {
  test.each([
    ["a long value", { rules: [{ kind: "x".repeat(100_000) }] }],
    ["a long list", { rules: [{ kind: "reset", action: Array(50_000).fill("x") }] }],
    ["a long name", { rules: [{ kind: "reset", ["x".repeat(100_000)]: 1 }] }],
    ["many rules", { rules: Array(300_000).fill({}) }],
    ["many names", Object.fromEntries(Array.from({ length: 90_000 }, (_, at) => [`x${at}`, 1]))],
    [
      "many fields",
      {
        rules: [
          { kind: "reset", ...Object.fromEntries(Array.from({ length: 90_000 }, (_, at) => [`x${at}`, 1])) },
        ],
      },
    ],
  ])("for a plan with %s", async (_, plan) => {
    const { status, body } = await putFaults(JSON.stringify(plan));
    expect(status).toBe(400);
    expect(body.length).toBeLessThan(20_000);
  });

  test("for a long path", async () => {
    const answer = await fetch(`${ecs.endpoint}/_emulator/${"x".repeat(10_000)}`);
    expect(answer.status).toBe(404);
    expect((await answer.text()).length).toBeLessThan(1000);
    expect((await fetch(`${ecs.endpoint}/?x=${"x".repeat(20_000)}`)).status).toBe(431);
  });
});

test("records of requests stay short, so that all of them fit into one answer", async () => {
  const Name = "x".repeat(1_000_000);
  await ask(ecs, "CreateHpcCluster", { RegionId: regionId, Name, Description: "late" });
  await ask(ecs, Name);
  await ask(ecs, "CreateHpcCluster", { RegionId: Name });
  expect(JSON.stringify(ecs.requests).length).toBeLessThan(10_000);
  expect(ecs.missingActions.join().length).toBeLessThan(1000);
});
