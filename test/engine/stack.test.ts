/** Promise: the tests' own stacks report what the engine did: steps, state, outputs, errors, processes. */
import { automation, secret } from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Gate, HeldResource } from "./heldResource.ts";
import { type OperationError, type Step, createStack } from "./stack.ts";

let gate: Gate;
beforeEach(async () => void (gate = await Gate.listen()));
afterEach(() => gate[Symbol.asyncDispose]());

const program = (name: string) => async () => {
  const held = new HeldResource("held", { name, gate: gate.url });
  return { id: held.id, cwd: held.cwd, node: held.node, secret: held.secret };
};
const opOf = (steps: Step[]) => steps.find(({ name }) => name === "held")?.op;

test("the life of a resource", async () => {
  await using stack = await createStack({ program: program("a") });

  const operation = stack.start("preview");
  await operation.event(({ summaryEvent }) => summaryEvent !== undefined);
  const preview = await operation.result;
  expect(() => operation.kill("engine")).toThrow("preview has no engine process now");
  expect(preview.changeSummary).toEqual({ create: 2 });
  expect(opOf(preview.steps)).toBe("create");
  expect(gate.asked).toBe(0);

  const up = await stack.up();
  expect(up.outputs["id"]?.value).toBe("id-1");
  expect(up.outputs["cwd"]?.value).toBe(stack.workDir);
  expect(up.outputs["node"]?.value).toBe(process.version);
  expect(up.output).toContain("HeldResource held created");
  expect(stack.state().resource("held")).toMatchObject({ id: "id-1", inputs: { name: "a" } });
  expect(stack.state().resources("test:HeldResource")).toHaveLength(1);

  expect(stack.stateText()).toContain('"name":"a"');
  expect(opOf((await stack.destroy()).steps)).toBe("delete");
  expect(stack.state().resources()).toEqual([]);
});

test("a failure is the Automation API's error, with what was printed", async () => {
  await using stack = await createStack({ program: program("") });
  const error = await stack.preview().then(
    () => undefined,
    (thrown: unknown) => thrown as OperationError,
  );
  expect(error).toBeInstanceOf(automation.CommandError);
  expect(error?.output).toContain("must not be empty");
  expect(error?.events.some(({ diagnosticEvent }) => diagnosticEvent?.severity === "error")).toBe(true);
});

test("variables reach the provider and the program, while an operation runs", async () => {
  let seen: string | undefined;
  await using stack = await createStack({
    program: async () => {
      seen = process.env["ALICLOUD_SECRET_KEY"];
      return await program("a")();
    },
    env: { ALICLOUD_SECRET_KEY: "of-the-test" },
  });
  const { outputs } = await stack.up();
  expect(seen).toBe("of-the-test");
  expect(outputs["secret"]?.value).toBe("of-the-test");
  expect(process.env["ALICLOUD_SECRET_KEY"]).toBeUndefined();

  stack.setEnv({ ALICLOUD_SECRET_KEY: undefined });
  await stack.preview();
  expect(seen).toBeUndefined();
});

test("configuration, secret and plain, set and removed", async () => {
  await using stack = await createStack({
    program: program("a"),
    config: { "alicloud:region": "cn-beijing", "alicloud:secretKey": { value: "hush", secret: true } },
  });
  expect(await stack.automation.getAllConfig()).toEqual({
    "alicloud:region": { value: "cn-beijing", secret: false },
    "alicloud:secretKey": { value: "hush", secret: true },
  });
  await stack.setConfig({ "alicloud:region": undefined });
  expect(Object.keys(await stack.automation.getAllConfig())).toEqual(["alicloud:secretKey"]);
});

test("outputs and summary are what the engine says they are", async () => {
  const stackProgram = async () => ({
    plain: 1,
    secret: secret({ inside: "hush" }),
    nested: [{ secret: secret("hush") }],
  });
  await using stack = await createStack({ program: stackProgram, config: { key: "value" } });
  const { outputs, summary } = await stack.up();
  expect(outputs).toEqual({
    plain: { value: 1, secret: false },
    secret: { value: { inside: "hush" }, secret: true },
    nested: { value: [{ secret: "hush" }], secret: false },
  });
  expect(summary).toEqual((await stack.automation.history(1))[0]);
  expect(outputs["plain"]).toEqual((await stack.automation.workspace.stackOutputs(stack.stackName))["plain"]);
});

// A killed provider, and several stacks at once: test/fault/kill.test.ts and test/fault/identity.test.ts.
test("an engine that is killed in the middle of a create leaves a lock; after cancel the next up goes on", async () => {
  await using stack = await createStack({ program: program("a") });
  const asked = gate.close();
  const operation = stack.start("up");
  await asked;
  expect(operation.pids("provider")).toHaveLength(1);
  expect(operation.kill("engine")).toHaveLength(1);
  await expect(operation.result).rejects.toThrow("SIGKILL");
  expect(stack.state().pendingOperations).toMatchObject([{ type: "creating" }]);

  gate.open();
  await expect(stack.up()).rejects.toThrow("currently locked");
  await stack.cancel();
  expect((await stack.up()).outputs["id"]?.value).toBe("id-2");
});
