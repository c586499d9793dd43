import { adviceAbout } from "../account/nearestName";
import { unknownRegionReason } from "../account/regions";
import { messageOf } from "../ecs/errors";
import { adoptionFailures } from "./adopt";
import type { CheckFailure } from "./checkFailure";
import {
  knownText,
  propertyNames,
  rows,
  textOf,
  UNKNOWN,
  type EngineProperties,
  type Property,
} from "./properties";
import type { Session } from "./session";

/** What `check` returns: the inputs to go on with, and everything that is wrong with them. */
export interface Checked {
  inputs: Record<string, unknown>;
  failures: CheckFailure[];
}

/**
 * Checks everything that can be known before anything is changed: the rules of the inputs, the settings, the region, the
 * credentials, and the cluster to adopt. Unknown values are skipped.
 *
 * @param olds the stored inputs; empty for a new resource and for a replacement
 * @param secretNames the inputs that the program has marked as secret
 */
export async function checkCluster(
  session: Session,
  olds: EngineProperties,
  news: EngineProperties,
  secretNames: ReadonlySet<unknown> = new Set(),
): Promise<Checked> {
  const checked = await checkEverything(session, olds, news, secretNames);
  return { ...checked, failures: withoutSecrets(secretNames, checked.failures) };
}

/** The engine shows the value of a failed property, and so do some reasons: not those of secrets. */
function withoutSecrets(
  secretNames: ReadonlySet<unknown>,
  failures: readonly CheckFailure[],
): CheckFailure[] {
  return failures.map((failure) =>
    secretNames.has(failure.property)
      ? {
          property: "",
          reason: `${failure.property} breaks a rule. Its value is a secret, so it is not shown; see the rules of ${failure.property}.`,
        }
      : failure,
  );
}

async function checkEverything(
  session: Session,
  olds: EngineProperties,
  news: EngineProperties,
  secretNames: ReadonlySet<unknown>,
): Promise<Checked> {
  const { settings } = session;
  const { inputs, failures } = checkInputs(news, settings.region);
  // A cluster keeps the key that it was created with, also when its URN changes.
  const tokenKey = textOf(olds, "__tokenKey");
  if (tokenKey !== undefined) {
    inputs["__tokenKey"] = tokenKey;
  }
  if (settings.problems.length > 0) {
    return { inputs, failures: [...failures, ...stackFailures(session, session.problemTexts)] };
  }
  const regions = settings.skipRegionValidation ? undefined : await session.regions();
  if (regions !== undefined && "failure" in regions) {
    return { inputs, failures: [...failures, ...stackFailures(session, [regions.failure])] };
  }
  if (regions !== undefined && "ids" in regions) {
    const origin = textOf(news, "regionId") === undefined ? settings.regionOrigin : undefined;
    failures.push(...regionFailures(inputs, failures, regions.ids, origin));
  }
  failures.push(...(await adoptionFailures(session, olds, inputs, failures.length === 0)));
  const isNew = Object.keys(olds).length === 0;
  const created = isNew && failures.length === 0 ? clusterToCreate(inputs) : undefined;
  if (created !== undefined) {
    if (regions !== undefined && "ids" in regions && !secretNames.has("name")) {
      await warnOfSameName(session, created);
    }
    (await session.ecs()).announceCreate(created.regionId);
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
 * Warns of clusters with the name of a new one: an interrupted run may have left one that no state holds and no ClientToken
 * finds any more.
 */
async function warnOfSameName(session: Session, { name, regionId }: ClusterToCreate): Promise<void> {
  try {
    const sameName = (await session.clustersIn(regionId)).filter(({ Name }) => Name === name);
    for (const { HpcClusterId } of sameName) {
      const isHeld = session.holders.otherHolder(HpcClusterId) !== undefined;
      const text =
        `${regionId} already has an HPC cluster named ${JSON.stringify(name)}: ${HpcClusterId}. If no stack manages it, e.g. after an ` +
        `interrupted run with other values, adopt it instead of creating another: adopt: "${HpcClusterId}".`;
      if (!isHeld && session.reportOnce(text)) {
        session.warn(text);
      }
    }
  } catch (error) {
    const text = `The names of the HPC clusters in ${regionId} could not be checked: ${messageOf(error)}`;
    if (session.reportOnce(text)) {
      session.warn(text);
    }
  }
}

/**
 * Checks the inputs against the rules of the API reference, and fills in the default region.
 *
 * @param region the configured region, for a cluster without a `regionId`
 */
export function checkInputs(news: EngineProperties, region: string | undefined): Checked {
  const inputs = Object.fromEntries(Object.entries(news).filter(([key, value]) => !isMissing(key, value)));
  if (inputs["regionId"] === undefined && region !== undefined) {
    inputs["regionId"] = region;
  }
  return {
    inputs,
    failures: [
      ...rows.flatMap(([property, row]) =>
        reasonsAgainst(property, row, inputs[property]).map((reason) => ({ property, reason })),
      ),
      ...Object.keys(inputs).flatMap(unknownPropertyFailures),
    ],
  };
}

/** null and undefined mean that there is no value; so does an empty text of an optional property. */
function isMissing(key: string, value: unknown): boolean {
  const isOptional = rows.some(([name, row]) => name === key && row.missing === undefined);
  return value === undefined || value === null || (value === "" && isOptional);
}

function reasonsAgainst(property: string, { missing, rule }: Property, value: unknown): string[] {
  if (value === UNKNOWN) {
    return [];
  }
  if (value === undefined) {
    return missing === undefined ? [] : [missing];
  }
  if (typeof value !== "string") {
    return [`${property} must be a string, but is ${kindOf(value)}; give a string.`];
  }
  return rule?.(value) ?? [];
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Properties that start with `__` belong to the SDK and this package. */
function unknownPropertyFailures(key: string): CheckFailure[] {
  if (key.startsWith("__") || (propertyNames as readonly string[]).includes(key)) {
    return [];
  }
  const advice = adviceAbout(key, propertyNames, "its properties are");
  // Without the property's name: the engine would print the value, which may be a misplaced secret key.
  return [{ property: "", reason: `${JSON.stringify(key)} is not a property of an HPC cluster: ${advice}` }];
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
  const regionId = textOf(inputs, "regionId");
  const isWrong = failures.some(({ property }) => property === "regionId");
  if (regionId === undefined || regionId === UNKNOWN || isWrong) {
    return [];
  }
  const reason = unknownRegionReason(regionId, ids, origin);
  return reason === undefined ? [] : [{ property: "regionId", reason }];
}
