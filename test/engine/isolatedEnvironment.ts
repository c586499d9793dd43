/**
 * Keeps a developer's credentials and Pulumi settings out of the tests, and everything the tests write in one
 * temporary folder per process, which goes when the process ends.
 *
 * The process itself is scrubbed, not only what the engine inherits: inline programs run in this process, and look-ups
 * in them read the environment and the home folder here.
 */
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { engineRootVariable, isAlive } from "./engine.ts";

const foreign = /^(ALICLOUD|ALIBABA|ALIYUN|ECS_ENDPOINT|PULUMI_)/i;

const prefix = "pulumi-alicloud-hpc-test-";

let folder: string | undefined;

/**
 * Deletes credentials and Pulumi settings from `process.env`, gives it an empty home folder, and makes the temporary
 * folder of this process. Only the first call in a process does anything.
 *
 * @returns the temporary folder.
 */
export function isolateEnvironment(): string {
  if (folder !== undefined) {
    return folder;
  }
  removeAbandonedFolders();
  const made = mkdtempSync(path.join(temporary(), `${prefix}${process.pid}-`));
  process.once("exit", () => rmSync(made, { recursive: true, force: true, maxRetries: 3 }));
  for (const name of Object.keys(process.env)) {
    if (foreign.test(name) && name !== engineRootVariable) {
      Reflect.deleteProperty(process.env, name);
    }
  }
  // Node options meant for the test runner (inspectors, loaders, coverage) are not meant for the provider's process.
  delete process.env["NODE_OPTIONS"];
  delete process.env["NODE_V8_COVERAGE"];
  const home = path.join(made, "home");
  mkdirSync(home);
  process.env["HOME"] = process.env["USERPROFILE"] = home;
  folder = made;
  return made;
}

/** Removes the folders of processes that are gone: one that was killed, as test runners do, could not remove its own. */
export function removeAbandonedFolders(): void {
  for (const name of readdirSync(temporary())) {
    const owner = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (Number.isNaN(owner) || isAlive(owner)) {
      continue;
    }
    rmSync(path.join(temporary(), name), { recursive: true, force: true, maxRetries: 3 });
  }
}

// The real path, because macOS's temporary folder is a symlink and Node resolves modules from real paths.
function temporary(): string {
  return realpathSync(tmpdir());
}

/** What every engine process gets besides this process's environment. */
export function engineEnvironment(backendUrl: string): Record<string, string> {
  return {
    PULUMI_HOME: path.join(isolateEnvironment(), "pulumi-home"),
    PULUMI_BACKEND_URL: backendUrl,
    PULUMI_CONFIG_PASSPHRASE: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    // The engine's process ends after a second: a tenth of its time would go into memory that ends with it.
    GOGC: "off",
    GOMEMLIMIT: "512MiB",
  };
}
