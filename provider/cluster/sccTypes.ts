import { debuglog } from "node:util";
import { PREVIEW_TIMEOUT_MS } from "../account/regions.ts";
import type { EcsClient } from "../ecs/client.ts";
import { messageOf } from "../ecs/errors.ts";
import { getOrCreate } from "../ecs/getOrCreate.ts";
import type { AvailableTypeItem } from "../ecs/answerFields.ts";

const debug = debuglog("alicloud-hpc");

/** The SCC (super computing cluster) instance types that a region sells. Only these need an HPC cluster. */
export async function sccTypesOf(
  ecs: EcsClient,
  regionId: string,
  withinMs?: number,
): Promise<AvailableTypeItem[]> {
  const types = await ecs.describeAvailableTypes(regionId, withinMs);
  return types.filter(({ instanceType }) => instanceType.startsWith("ecs.scc"));
}

/** Which regions sell SCC types. The service is called once for each region. */
export class SccRegions {
  private readonly ecs: () => Promise<EcsClient>;
  private readonly answers = new Map<string, Promise<boolean>>();

  constructor(ecs: () => Promise<EcsClient>) {
    this.ecs = ecs;
  }

  /** Whether a region sells no SCC type. False as well if the call fails or takes too long. Never rejects. */
  async sellsNone(regionId: string): Promise<boolean> {
    return await getOrCreate(this.answers, regionId, () => this.ask(regionId));
  }

  private async ask(regionId: string): Promise<boolean> {
    try {
      return (await sccTypesOf(await this.ecs(), regionId, PREVIEW_TIMEOUT_MS)).length === 0;
    } catch (error) {
      // The credentials may lack the permission, and nothing depends on the answer.
      debug("the SCC types of %s are not known: %s", regionId, messageOf(error));
      return false;
    }
  }
}
