import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { startEmulator } from "../emulator/emulator.ts";
import { createStack } from "../engine/stack.ts";
const root = "/work/main";
const folder = mkdtempSync("/tmp/zz-");
const modules = path.join(folder, "node_modules"); mkdirSync(modules);
for (const n of ["@alicloud","@pulumi","cockatiel","dataloader","fast-xml-parser","fastest-levenshtein"]) symlinkSync(`${root}/node_modules/${n}`, path.join(modules, n));
const use = (v: string) => { rmSync(path.join(modules,"pulumi-alicloud-hpc"),{recursive:true,force:true}); cpSync(v, path.join(modules,"pulumi-alicloud-hpc"),{recursive:true}); };
const [n, rounds, lat, ...variants] = process.argv.slice(2);
use(variants[0]!);
const ecs = await startEmulator();
const work = path.join(folder, "w"); mkdirSync(work); process.chdir(work);
const stack = await createStack({ workDir: work, program: async () => {
  const { HpcCluster } = createRequire(path.join(work,"x.js"))("pulumi-alicloud-hpc");
  for (let i = 0; i < Number(n); i++) new HpcCluster(`c${i}`, { name: `farm-${i}`, regionId: "cn-hangzhou" });
}, config: { "alicloud:region": "cn-hangzhou", "alicloud:accessKey": ecs.accessKeyId, "alicloud:secretKey": ecs.accessKeySecret, "alicloud:endpoints": JSON.stringify([{ ecs: ecs.endpoint }]) } });
await stack.up({ parallel: 100 });
if (Number(lat) > 0) ecs.faults.add({ kind: "latency", ms: Number(lat) });
for (let r = 0; r < Number(rounds); r++) for (const v of variants) for (const parallel of [undefined, 100]) {
  use(v);
  const before = ecs.calls("DescribeHpcClusters").length; const t = performance.now();
  await stack.automation.refresh({ color: "never", ...(parallel ? { parallel } : {}) });
  const s = ((performance.now() - t) / 1000).toFixed(2);
  const sizes = ecs.calls("DescribeHpcClusters").slice(before).map((c) => JSON.parse(c.params["HpcClusterIds"] as string).length);
  console.log(path.basename(v), "parallel", parallel ?? "default", s, "s", sizes.length, "calls", parallel ? sizes.join(" ") : "");
}
await stack.dispose(); await ecs.close(); process.chdir("/tmp"); rmSync(folder,{recursive:true});
