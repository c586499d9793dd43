import { PREVIEW_TIMEOUT_MS } from "../account/regions.ts";
import { EcsError } from "../ecs/errors.ts";
import type { HpcClusterItem } from "../ecs/answerFields.ts";
import type { CheckFailure } from "./rules.ts";
import { nameOf } from "./holders.ts";
import {
  changesBetween,
  describedPropertiesOf,
  knownText,
  textOf,
  UNKNOWN,
  type ClusterProperties,
  type EngineProperties,
} from "./properties.ts";
import { ecsOf, findListed, warnOnce, type Operation } from "./operation.ts";
import { stateShownBy, type ClusterState } from "./state.ts";

/**
 * Preview's check of `adopt`.
 *
 * @param canRead false if the inputs are wrong already: then the cluster is not read
 */
export async function adoptionFailures(
  operation: Operation,
  olds: EngineProperties,
  inputs: EngineProperties,
  canRead: boolean,
): Promise<CheckFailure[]> {
  const { holders } = operation.session;
  const adopt = knownText(inputs, "adopt");
  const regionId = knownText(inputs, "regionId");
  if (adopt !== undefined && textOf(olds, "adopt") === adopt) {
    holders.recordAdopted(adopt);
  }
  const isNew = Object.keys(olds).length === 0;
  if (!isNew || !canRead || adopt === undefined || regionId === undefined || holders.wasAdopted(adopt)) {
    return [];
  }
  try {
    const listed = await findListed(operation, regionId, adopt, PREVIEW_TIMEOUT_MS);
    const item =
      listed.item ?? (await (await ecsOf(operation)).describeHpcCluster(regionId, adopt, PREVIEW_TIMEOUT_MS));
    return item === undefined ? [notThere(adopt, regionId)] : differences(inputs, adopt, item);
  } catch (error) {
    if (!(error instanceof EcsError && error.code === "CredentialsTimeout")) {
      throw error;
    }
    // `up` waits for the credentials, and compares again before it adopts.
    operation.warn(`The HPC cluster to adopt could not be compared with the program: ${error.message}`);
    return [];
  }
}

/**
 * Adoption protects a resource only in TypeScript and JavaScript, and only as long as the program says `adopt`. Warns where it does
 * not, or not any more. The engine does not tell a provider which resources are protected: the program sends what it knows
 * (`__isProtected`).
 */
export function warnOfProtection(
  operation: Operation,
  olds: EngineProperties,
  inputs: EngineProperties,
): void {
  if (typeof inputs["__isProtected"] === "boolean") {
    return;
  }
  const [before, now] = [textOf(olds, "adopt"), textOf(inputs, "adopt")];
  if (before !== undefined && now === undefined) {
    warnOnce(
      operation,
      `adopt has been removed from the program, and with it the protection of the adopted HPC cluster ${before}, unless the resource ` +
        "has the option protect. Without protection a destroy, or the removal or renaming of the resource, deletes the cluster. To " +
        "keep it, give the resource the option protect: true.",
    );
  }
  if (now !== undefined && now !== UNKNOWN && Object.keys(olds).length === 0) {
    warnOnce(
      operation,
      `adopt does not protect the HPC cluster ${now} in this language: without the option protect: true a destroy, or the removal or ` +
        "renaming of the resource, deletes it.",
    );
  }
}

/** Adopts an existing cluster: no call changes it. */
export async function adoptCluster(
  operation: Operation,
  inputs: ClusterProperties,
  adopt: string,
): Promise<ClusterState> {
  const holder = operation.session.holders.otherHolder(adopt);
  if (holder !== undefined) {
    throw new Error(`adopt: ${nameOf(holder)} already holds the HPC cluster ${adopt}; remove one of them.`);
  }
  const item = await (await ecsOf(operation)).describeHpcCluster(inputs.regionId, adopt);
  if (item === undefined) {
    throw new Error(notThere(adopt, inputs.regionId).reason);
  }
  const different = differences(inputs, adopt, item).map(({ property }) => property);
  if (different.length > 0) {
    // Without the values: here it is not known which are secrets.
    throw new Error(
      `${different.join(" and ")} must be that of the adopted cluster ${adopt}; make them the same, and change it once the ` +
        "cluster has been adopted.",
    );
  }
  return stateShownBy(item, { ...inputs, hpcClusterId: adopt });
}

function notThere(adopt: string, regionId: string): CheckFailure {
  return {
    property: "adopt",
    reason: `adopt: there is no HPC cluster ${adopt} in ${regionId}; check the id, the region and the account.`,
  };
}

/** The program must describe the cluster as it is, so that adopting it changes nothing. */
function differences(inputs: EngineProperties, adopt: string, item: HpcClusterItem): CheckFailure[] {
  const found: EngineProperties = describedPropertiesOf(item);
  return changesBetween(found, inputs)
    .updates.filter((property) => inputs[property] !== UNKNOWN)
    .map((property) => ({
      property,
      reason:
        `${property} must be that of the adopted cluster ${adopt}, ${quotedOrNone(found[property])}, but is ` +
        `${quotedOrNone(inputs[property])}; make them the same, and change it once the cluster has been adopted.`,
    }));
}

function quotedOrNone(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}
