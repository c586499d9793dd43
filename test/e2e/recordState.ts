/**
 * Records the state that this release writes: `node test/e2e/recordState.ts test/testdata/state-v1.json`. A recorded state is
 * never recorded anew; a release that writes another shape adds a file.
 */
import * as dynamic from "pulumi-alicloud-hpc";
import { existsSync, writeFileSync } from "node:fs";
import { installPackedPackage } from "../engine/packedPackage.ts";
import { createEcsStack } from "./ecsStack.ts";

const [file] = process.argv.slice(2);
if (file === undefined || existsSync(file)) {
  console.error("usage: node test/e2e/recordState.ts FILE (a new one)");
  process.exit(2);
}
await installPackedPackage({ progress: console.error });
const { addEarlierClusters, startRecordedEcs, upgradeProgram } = await import("./upgradeProgram.ts");
const ecs = await startRecordedEcs();
const { adoptedId, readId } = addEarlierClusters(ecs);
const stack = await createEcsStack(ecs, { program: upgradeProgram(dynamic, ecs, adoptedId, readId) });
try {
  await stack.up();
  const state = await stack.automation.exportStack();
  writeFileSync(file, `${JSON.stringify({ clusters: ecs.store.clusters(), state }, null, 2)}\n`);
  console.error(`recorded ${ecs.store.clusters().length} clusters in ${file}`);
} finally {
  await stack.dispose();
  await ecs.stop();
}
