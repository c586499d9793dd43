import { unknownRegionReason } from "../account/regions.ts";
import { messageOf } from "../ecs/errors.ts";
import { adoptionFailures, warnOfProtection } from "./adopt.ts";
import { checkInputs, withoutSecrets, type CheckFailure, type Checked } from "./rules.ts";
import { knownText, textOf, type EngineProperties } from "./properties.ts";
import { warnOnce, type Operation } from "./operation.ts";
import type { Session } from "./session.ts";

/**
 * Checks everything that can be known before anything is changed: the rules of the inputs, the settings, the region, the
 * credentials, and the cluster to adopt. Unknown values are skipped.
 *
 * @param olds the stored inputs; empty for a new resource and for a replacement
 * @param secretNames the inputs that the program has marked as secret
 */
export async function checkCluster(
  operation: Operation,
  olds: EngineProperties,
  news: EngineProperties,
  secretNames: ReadonlySet<unknown> = new Set(),
): Promise<Checked> {
  const checked = await checkEverything(operation, olds, news, secretNames);
  return { ...checked, failures: withoutSecrets(secretNames, checked.failures) };
}

async function checkEverything(
  operation: Operation,
  olds: EngineProperties,
  news: EngineProperties,
  secretNames: ReadonlySet<unknown>,
): Promise<Checked> {
  const { session } = operation;
  const { settings } = session;
  const { inputs, failures } = checkInputs(news, settings.region, settings.source.missingRegion);
  // A cluster keeps the key that it was created with, also when its URN changes.
  const tokenKey = textOf(olds, "__tokenKey");
  if (tokenKey !== undefined) {
    inputs["__tokenKey"] = tokenKey;
  }
  if (settings.problems.length > 0) {
    return { inputs, failures: [...failures, ...stackFailures(session, session.problemTexts)] };
  }
  const regions = await session.regions();
  if ("failure" in regions) {
    return { inputs, failures: [...failures, ...stackFailures(session, [regions.failure])] };
  }
  if ("ids" in regions) {
    const origin = textOf(news, "regionId") === undefined ? settings.regionOrigin : undefined;
    failures.push(...regionFailures(inputs, failures, regions.ids, origin));
  }
  failures.push(...(await adoptionFailures(operation, olds, inputs, failures.length === 0)));
  warnOfProtection(operation, olds, inputs);
  const isNew = Object.keys(olds).length === 0;
  const created = isNew && failures.length === 0 ? clusterToCreate(inputs) : undefined;
  if (created !== undefined && "ids" in regions) {
    await Promise.all([
      secretNames.has("name") ? undefined : noteName(operation, created),
      secretNames.has("regionId") ? undefined : warnWithoutSccTypes(operation, created),
    ]);
  }
  return { inputs, failures };
}

/** A cluster that `up` will create: it is not adopted, and its name and region are known. */
interface ClusterToCreate {
  name: string;
  regionId: string;
}

function clusterToCreate(inputs: EngineProperties): ClusterToCreate | undefined {
  const name = knownText(inputs, "name");
  const regionId = knownText(inputs, "regionId");
  const isAdopted = textOf(inputs, "adopt") !== undefined;
  return name === undefined || regionId === undefined || isAdopted ? undefined : { name, regionId };
}

/**
 * Looks for clusters with the name of a new one: an interrupted run may have left one that no state holds and no ClientToken finds
 * any more. At the end of the run the user is warned of those that turn out to belong to no resource (sameNames.ts).
 */
async function noteName(operation: Operation, { name, regionId }: ClusterToCreate): Promise<void> {
  const { session, warn } = operation;
  const before = await session.lists.beforeCreation(regionId);
  if ("clusters" in before) {
    session.sameNames.note({ name, regionId }, before.clusters.values(), warn);
    return;
  }
  warnOnce(
    operation,
    `The names of the HPC clusters in ${regionId} could not be checked: ${messageOf(before.error)}`,
  );
}

/** What a region sells may change, and a cluster may be wanted before: no reason to stop. */
async function warnWithoutSccTypes(operation: Operation, { regionId }: ClusterToCreate): Promise<void> {
  const { settings, sccRegions } = operation.session;
  if (await sccRegions.sellsNone(regionId)) {
    warnOnce(
      operation,
      `${regionId} sells no SCC instance types (ecs.scc…) pay-as-you-go now, says DescribeAvailableResource, so an HPC cluster there ` +
        "may stay empty. getSccInstanceTypes lists those of a region. " +
        `(Set ${settings.namespace}:skipRegionValidation to true to skip this check.)`,
    );
  }
}

/** Reports problems of the whole stack once, not for every cluster. Without a property, whose value would be shown. */
function stackFailures(session: Session, reasons: readonly string[]): CheckFailure[] {
  return reasons.filter((reason) => session.reportOnce(reason)).map((reason) => ({ property: "", reason }));
}

function regionFailures(
  inputs: EngineProperties,
  failures: readonly CheckFailure[],
  ids: ReadonlySet<string>,
  origin: string | undefined,
): CheckFailure[] {
  const regionId = knownText(inputs, "regionId");
  const isWrong = failures.some(({ property }) => property === "regionId");
  if (regionId === undefined || isWrong) {
    return [];
  }
  const reason = unknownRegionReason(regionId, ids, origin);
  return reason === undefined ? [] : [{ property: "regionId", reason }];
}
