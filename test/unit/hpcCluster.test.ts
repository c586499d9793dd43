import { beforeAll, describe, expect, test } from "vitest";
import { runInChild } from "./childProcess.ts";

/**
 * A Pulumi program that declares clusters, and prints what was registered and which errors it ended with. In a process of its
 * own, where an error that nobody handles is that of the program.
 */
const program = `
  const { output, runtime, secret } = require("@pulumi/pulumi");
  const { HpcCluster } = require("./provider/index.ts");

  const name = "render-farm";
  const registered = {};
  const errors = [];
  process.on("unhandledRejection", ({ message }) => errors.push(message));
  process.once("beforeExit", () => console.log(JSON.stringify({ registered, errors: [...new Set(errors)] })));

  /** Declares a cluster to which the service gives this id. */
  function declare(resource, args, opts, id = "hpc-of-" + resource) {
    registered[resource] = { id };
    const noteOptions = ({ opts }) => void (registered[resource].protect = opts.protect);
    return new HpcCluster(resource, { name, ...args }, { ...opts, transformations: [noteOptions] });
  }
  async function declareFirst(...declaration) {
    await declare(...declaration).id.promise();
    await new Promise(setImmediate);
  }

  async function run() {
    declare("adopted", { adopt: "hpc-1" }, {}, "hpc-1");
    declare("adopted, not protected", { adopt: "hpc-2" }, { protect: false }, "hpc-2");
    declare("an empty adopt", { adopt: "" });
    declare("plain", { description: "Frames" });
    declare("plain, protected", {}, { protect: true });
    declare("outputs", { description: output("Frames") });
    declare("secrets", { name: secret(name), description: output("Frames"), clientToken: secret("token") });
    declare("the token in another region", { clientToken: "token", regionId: "cn-beijing" });

    declare("a1", { adopt: "hpc-a" });
    declare("a2", { adopt: "hpc-a" });
    await declareFirst("b1", {}, {}, "hpc-b");
    declare("b2", { adopt: "hpc-b" });
    await declareFirst("c1", { adopt: "hpc-c" }, {}, "hpc-c");
    declare("c2", {}, {}, "hpc-c");
    await declareFirst("d1", {}, {}, "hpc-d");
    declare("d2", {}, {}, "hpc-d");
    declare("e1", { clientToken: secret("secret-token") });
    declare("e2", { clientToken: secret("secret-token") });
  }

  runtime.setMocks({
    newResource: ({ name: resource, inputs }) => {
      const { id = "salt" } = (registered[resource] = { ...registered[resource], inputs });
      return { id, state: inputs };
    },
    call: ({ inputs }) => inputs,
  }).then(run);
`;

interface Result {
  registered: Record<string, { inputs: Record<string, unknown>; protect?: boolean }>;
  errors: string[];
}

let result: Result;
beforeAll(async () => {
  result = JSON.parse((await runInChild(program, {})).stdout) as Result;
}, 60_000);

test.each([
  ["adopted", true],
  ["adopted, not protected", false],
  ["an empty adopt", undefined],
  ["plain", undefined],
  ["plain, protected", true],
])("a cluster is protected by default with adopt, and as the options say: %s", (resource, expected) => {
  expect(result.registered[resource]?.protect).toBe(expected);
});

describe("__secretNames", () => {
  test("has the names of the inputs that are secret", () => {
    expect(result.registered["secrets"]?.inputs["__secretNames"]).toEqual(["name", "clientToken"]);
  });

  test.each(["plain", "outputs"])("is not registered for %s", (resource) => {
    expect(result.registered[resource]?.inputs).toMatchObject({ description: "Frames" });
    expect(result.registered[resource]?.inputs).not.toHaveProperty("__secretNames");
  });
});

describe("two resources must not have the same", () => {
  const bothState = (one: string, other: string) =>
    new RegExp(`belongs to both .*pulumi state delete '.*::${one}' or pulumi state delete '.*::${other}'`);

  test.each([
    ["id to adopt", "a1", "a2", /adopt: the HPC cluster hpc-a cannot belong to both "a1" and "a2"/],
    ["id, which the first has and the second adopts", "b1", "b2", /adopt: .*hpc-b cannot belong to both/],
    ["id, which the first adopts and the second gets", "c1", "c2", bothState("c1", "c2")],
    ["id", "d1", "d2", bothState("d1", "d2")],
    ["clientToken", "e1", "e2", /clientToken: the same token is used by both "e1" and "e2"/],
  ])("%s", (_, one, other, message) => {
    const messages = result.errors.filter((error) => error.includes(`"${one}" and "${other}"`));
    expect(messages).toEqual([expect.stringMatching(message)]);
  });

  test("and nothing else is an error; no message contains a secret", () => {
    expect(result.errors).toHaveLength(5);
    expect(result.errors.join("\n")).not.toContain("secret-token");
    expect(result.registered["the token in another region"]?.inputs).toMatchObject({ clientToken: "token" });
  });
});
