/** Promise: keys are in no state, export or output. Keys of the environment, and of each source: test/fault/secrets.test.ts. */
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { runCli } from "../engine/cli.ts";
import type { TestStack } from "../engine/stack.ts";
import { clusterType, createEcsStack, failureOf } from "./ecsStack.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const program = (name: string) => async () => {
  const { id, requestId } = new HpcCluster("rendering", { name });
  return { id, requestId };
};

/** Everything that the engine has written: states, their backups, the history. */
function written(stack: TestStack): { file: string; text: string }[] {
  return readdirSync(stack.backend.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({ file, text: readFileSync(file, "utf8") }));
}

/** Looks for the keys as they are, and as they would be in a URL or in JSON. */
function expectNone(secrets: readonly string[], where: string, text: string): void {
  for (const value of secrets) {
    for (const form of new Set([value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)])) {
      expect(text.includes(form), `a key in ${where}`).toBe(false);
    }
  }
}

test("keys from the configuration stay out of states, exports and everything that is printed", async () => {
  const key = ecs.accounts.issueToken(ecs.accountId);
  const secrets = [key.accessKeyId, key.accessKeySecret, key.securityToken];
  const hide = (value: string) => ({ value, secret: true });
  await using stack = await createEcsStack(ecs, {
    program: program("render-farm"),
    config: {
      "alicloud:accessKey": hide(key.accessKeyId),
      "alicloud:secretKey": hide(key.accessKeySecret),
      "alicloud:securityToken": hide(key.securityToken),
    },
  });
  const printed = [(await stack.up()).output];
  expect(ecs.store.clusters()).toHaveLength(1);

  stack.setProgram(program("farm-2"));
  ecs.accounts.setExpiry(key.accessKeyId, Date.now());
  const expired = await failureOf(stack.up());
  expect(expired.output).toMatch(/InvalidSecurityToken\.Expired.*new temporary credentials/s);
  printed.push(expired.output, expired.message);

  await stack.setConfig({ "alicloud:secretKey": hide(`${key.accessKeySecret}x`) });
  ecs.accounts.setExpiry(key.accessKeyId, Date.now() + 3_600_000);
  const unsigned = await failureOf(stack.up({ logToStdErr: true, logVerbosity: 3 }));
  expect(unsigned.output).toMatch(/SignatureDoesNotMatch/);
  printed.push(unsigned.output, unsigned.message);

  for (const text of printed) {
    expectNone(secrets, "what was printed", text);
  }
  // Not the Automation API's export, which decrypts: the engine keeps the configuration, encrypted, with its provider.
  const exported = await runCli(["stack", "export", "--stack", stack.stackName], {
    cwd: stack.workDir,
    backend: stack.backend,
  });
  expect(exported).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(clusterType) as string });
  expectNone(secrets, "the exported stack", exported.stdout);
  expectNone(secrets, "the state", stack.stateText());
  const files = written(stack);
  expect(files.length).toBeGreaterThan(1);
  for (const { file, text } of files) {
    expectNone(secrets, file, text);
  }
});
