/** Promise: the tests' own stacks report what the engine did: steps, state, outputs, errors, processes. */
import { existsSync } from "node:fs";
import { automation, secret } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Gate, HeldResource } from "./heldResource.ts";
import { type OperationError, type Step, createBackend, createStack } from "./stack.ts";

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

  const preview = await stack.preview();
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

  const again = await stack.up({ expectNoChanges: true });
  expect(again.summary.resourceChanges).toEqual({ same: 2 });

  stack.setProgram(program("b"));
  expect(opOf((await stack.up()).steps)).toBe("update");
  expect(stack.stateText()).toContain('"name":"b"');

  expect(opOf((await stack.refresh()).steps)).toBe("refresh");
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
  const replaced = await stack.up({ replace: [stack.state().resource("held").urn] });
  expect(seen).toBeUndefined();
  expect(replaced.outputs["secret"]?.value).toBe("none");
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

  stack.setProgram(async () => ({ plain: 2, list: ["a"] }));
  const plain = await stack.up();
  expect(plain.outputs).toEqual(await stack.automation.workspace.stackOutputs(stack.stackName));
});

test("several stacks at once, of the same name in two backends and of another in one", async () => {
  const shared = createBackend();
  await using first = await createStack({ program: program("first"), backend: shared });
  await using second = await createStack({ program: program("second"), backend: shared, stackName: "other" });
  await using elsewhere = await createStack({ program: program("elsewhere") });
  const stacks = [first, second, elsewhere];
  await Promise.all(stacks.map((stack) => stack.up()));
  expect(stacks.map((stack) => stack.state().resource("held").inputs?.["name"])).toEqual([
    "first",
    "second",
    "elsewhere",
  ]);
  expect(new Set(stacks.map((stack) => stack.state().resource("held").id)).size).toBe(3);

  await first.dispose();
  expect(existsSync(first.workDir)).toBe(false);
  expect(second.state().resources("HeldResource")).toHaveLength(1);
  shared.dispose();
});

describe("killed in the middle of a create", () => {
  test("the engine: cancel, and the next up goes on", async () => {
    await using stack = await createStack({ program: program("a") });
    const asked = gate.close();
    const operation = stack.start("up");
    await asked;
    const providers = operation.pids("provider");
    expect(providers).toHaveLength(1);
    expect(operation.kill("engine")).toHaveLength(1);
    await expect(operation.result).rejects.toThrow("SIGKILL");
    expect(stack.state().pendingOperations).toMatchObject([{ type: "creating" }]);

    gate.open();
    await expect(stack.up()).rejects.toThrow("currently locked");
    await stack.cancel();
    expect((await stack.up()).outputs["id"]?.value).toBe("id-2");
    // The engine goes on warning about the create it knows nothing of, until it is told to forget it.
    await stack.refresh({ clearPendingCreates: true });
    expect(stack.state().pendingOperations).toEqual([]);
  });

  test("the provider: the operation fails, the lock is gone, and the next up goes on", async () => {
    await using stack = await createStack({ program: program("a") });
    const asked = gate.close();
    const operation = stack.start("up");
    await asked;
    operation.kill("provider");
    await expect(operation.result).rejects.toBeInstanceOf(automation.CommandError);

    gate.open();
    expect((await stack.up()).outputs["id"]?.value).toBe("id-2");
  });

  test("there is nothing to kill afterwards", async () => {
    await using stack = await createStack({ program: async () => ({}) });
    const operation = stack.start("preview");
    await operation.event(({ summaryEvent }) => summaryEvent !== undefined);
    await operation.result;
    expect(() => operation.kill("engine")).toThrow("preview has no engine process now");
  });
});
