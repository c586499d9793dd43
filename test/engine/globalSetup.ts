/** Once per run of the engine tests: the engine is there, and the package is installed as a user would have it. */
import path from "node:path";
import type { TestProject } from "vitest/node";
import { type EngineSource, engineRootVariable, ensureEngine, repositoryRoot } from "./engine.ts";
import { removeAbandonedFolders } from "./isolatedEnvironment.ts";
import { installPackedPackage } from "./packedPackage.ts";

declare module "vitest" {
  interface ProvidedContext {
    engine: { root: string; version: string; source: EngineSource };
  }
}

/** Called by Vitest. */
export default async function setup(project: TestProject): Promise<() => void> {
  const progress = (line: string): void => {
    process.stderr.write(`[engine tests] ${line}\n`);
  };
  // Both, even where the first fails: somebody without an engine wants to hear about a broken build too.
  const [engine, installed] = await Promise.allSettled([
    ensureEngine({ progress }),
    installPackedPackage({ progress }),
  ]);
  const failures = [engine, installed].flatMap((one) =>
    one.status === "rejected" ? [one.reason as Error] : [],
  );
  if (engine.status === "rejected" || failures.length > 0) {
    throw new AggregateError(failures, failures.map(({ message }) => message).join("\n\n"));
  }
  const { root, version, source } = engine.value;
  // The test processes inherit it, and need not look again. An engine on PATH they find there themselves.
  if (root !== "") {
    process.env[engineRootVariable] = root;
  }
  // Every operation starts a Node.js process that loads the SDK: a third of its time without this cache.
  process.env["NODE_COMPILE_CACHE"] ??= path.join(repositoryRoot, "node_modules/.cache/compiled");
  project.provide("engine", { root, version, source });
  return removeAbandonedFolders;
}
