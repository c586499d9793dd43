/** The program whose state a release records (`recordState.ts`), and with which later code must see no difference. */
import type * as dynamic from "pulumi-alicloud-hpc";
import type * as plugin from "pulumi-alicloud-hpc/plugin";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";

/** One resource of each kind that a state can hold; two of them may have other arguments later. */
export function upgradeProgram(
  { HpcCluster, Provider }: typeof dynamic | typeof plugin,
  ecs: Emulator,
  adoptedId: string,
  readId: string,
  changed: Partial<Record<"plain" | "described", dynamic.HpcClusterArgs>> = {},
): () => Promise<void> {
  return async () => {
    new HpcCluster("plain", changed.plain ?? { name: "plain-farm" });
    const described = { name: "described-farm", description: "夜间渲染" };
    new HpcCluster("described", changed.described ?? described);
    new HpcCluster("token", { name: "token-farm", clientToken: "a-token-of-my-own" });
    new HpcCluster("adopted", { name: "adopted-farm", adopt: adoptedId });
    const beijing = new Provider("beijing", {
      region: "cn-beijing",
      accessKey: ecs.accessKeyId,
      secretKey: ecs.accessKeySecret,
      endpoints: [{ ecs: ecs.endpoint }],
    });
    new HpcCluster("elsewhere", { name: "beijing-farm" }, { provider: beijing });
    HpcCluster.get("read", readId);
  };
}

/** A local ECS whose one account has keys that may stand in a recorded state. */
export function startRecordedEcs(): Promise<Emulator> {
  const key = { accessKeyId: "recorded-key-id", accessKeySecret: "recorded-secret" };
  return startEmulator({ accounts: [{ accountId: "1000000000000001", keys: [key] }] });
}

/** The clusters that are there before: one to be adopted, one to be read. */
export function addEarlierClusters(ecs: Emulator): { adoptedId: string; readId: string } {
  return {
    adoptedId: ecs.store.add({ name: "adopted-farm" }).hpcClusterId,
    readId: ecs.store.add({ name: "somebody-elses" }).hpcClusterId,
  };
}
