import type { EcsClient } from "./ecs/client";
import type { HpcClusterItem } from "./ecs/items";
import type { RawInputs, Violation } from "./inputs";
import { changesBetween, UNKNOWN } from "./inputs";

/**
 * What keeps a program from taking over an existing cluster: it must describe the cluster as it is, so that taking it over
 * changes nothing.
 */
export function adoptionViolations(
  inputs: RawInputs,
  adopt: string,
  regionId: string,
  item: HpcClusterItem | undefined,
): Violation[] {
  if (item === undefined) {
    return [
      {
        property: "adopt",
        reason: `adopt: there is no HPC cluster ${adopt} in ${regionId}; check the id, the region and the account.`,
      },
    ];
  }
  const { updates } = changesBetween({ ...item, regionId }, inputs);
  return updates
    .filter((property) => inputs[property] !== UNKNOWN)
    .map((property) => ({
      property,
      reason:
        `${property} must be that of the adopted cluster ${adopt}, ${shown(item[property])}, but is ` +
        `${shown(inputs[property])}; make them the same, and change it once the cluster has been adopted.`,
    }));
}

function shown(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}

/** Looks at the cluster to be adopted. */
export async function checkAdoption(
  ecs: EcsClient,
  inputs: RawInputs,
  adopt: string,
  regionId: string,
): Promise<{ item: HpcClusterItem | undefined; violations: Violation[] }> {
  const item = await ecs.describeHpcCluster(regionId, adopt);
  return { item, violations: adoptionViolations(inputs, adopt, regionId, item) };
}
