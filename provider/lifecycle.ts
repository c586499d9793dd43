/**
 * The life of an HPC cluster, as the engine asks for it. This module *is* the dynamic provider: Pulumi stores a reference to
 * it (`pulumi-alicloud-hpc/lifecycle`) with every resource, so its path must stay as it is, and it is loaded in the program
 * as well as in the provider process: what talks to the service is loaded on first need.
 */
import type { dynamic } from "@pulumi/pulumi";
import { checkAdoption } from "./adoption";
import { readSettings, type SettingProblem, type Settings } from "./config";
import {
  createCluster,
  hasJustBeenCreated,
  isTakenOver,
  rememberAdopted,
  rememberDeleted,
  rememberOwned,
} from "./creation";
import type { EcsClient } from "./ecs/client";
import type { HpcClusterItem } from "./ecs/items";
import { saysGone } from "./ecs/errors";
import {
  changesBetween,
  checkInputs,
  regionReasons,
  UNKNOWN,
  type HpcClusterInputs,
  type RawInputs,
  type Violation,
} from "./inputs";
import { InitializationError, observe, type KnownCluster } from "./observation";
import { plainly } from "./plainly";
import { askForRegions, unknownRegionReason, type Regions } from "./regionCheck";
import { inputsOf, isStored, outputsOf, textOf } from "./state";

let settings: Settings | undefined;
let client: Promise<EcsClient> | undefined;
let regions: Promise<Regions> | undefined;
const saidReasons = new Set<string>();

/** Takes the stack's configuration. The SDK does not wait for it before the first calls: nothing here may be put off. */
export function configure(request: dynamic.ConfigureRequest): Promise<void> {
  settings = readSettings((key) => request.config.get(key));
  client = undefined;
  regions = undefined;
  return Promise.resolve();
}

/**
 * Every rule about the inputs and the settings, at preview; unknown values are skipped. Asks the service for its regions (once
 * in the process) and for a cluster that is to be adopted.
 */
export const check = plainly(async (olds: RawInputs, news: RawInputs): Promise<dynamic.CheckResult> => {
  const current = currentSettings();
  const { inputs, violations } = checkInputs(news, current.region);
  // The key that the cluster was made with outlasts a change of its URN.
  const tokenKey = textOf(olds, "__tokenKey");
  if (tokenKey !== undefined) {
    inputs["__tokenKey"] = tokenKey;
  }
  if (current.problems.length > 0) {
    return { inputs, failures: [...violations, ...once(current.problems.map(problemText))] };
  }
  const account = current.skipRegionValidation ? undefined : await (regions ??= toldRegions(current));
  if (account !== undefined && "failure" in account) {
    return { inputs, failures: [...violations, ...once([account.failure])] };
  }
  const origin = textOf(news, "regionId") === undefined ? current.regionOrigin : undefined;
  const failures = [...violations, ...regionViolations(account, inputs, violations, origin)];
  const { adopt, regionId } = inputs as Partial<HpcClusterInputs>;
  const isNew = Object.keys(olds).length === 0;
  if (isKnown(adopt) && textOf(olds, "adopt") === adopt) {
    rememberAdopted(adopt);
  }
  if (isNew && failures.length === 0 && isKnown(adopt) && isKnown(regionId) && !isTakenOver(adopt)) {
    failures.push(...(await checkAdoption(await service(), inputs, adopt, regionId)).violations);
  }
  return { inputs, failures };
});

/** Old outputs against new inputs, so that a change made outside Pulumi shows once a refresh has seen it. */
export const diff = plainly((id: string, olds: RawInputs, news: RawInputs): Promise<dynamic.DiffResult> => {
  rememberOwned(id, olds);
  const { updates, replaces } = changesBetween(olds, news);
  return Promise.resolve({ changes: updates.length + replaces.length > 0, replaces });
});

/** CreateHpcCluster, once; what DescribeHpcClusters then shows becomes the state. */
export async function create(checked: RawInputs): Promise<dynamic.CreateResult> {
  const { item, known } = await createCluster(await service(), checked as RawInputs & HpcClusterInputs);
  return { id: item.hpcClusterId, outs: outputsOf(item, known) };
}

/** DescribeHpcClusters, for a refresh (gone: removed from the state) and for `HpcCluster.get` (gone: an error). */
export const read = plainly(async (id: string, properties: RawInputs): Promise<dynamic.ReadResult> => {
  if (properties["regionId"] === UNKNOWN) {
    return { id, props: { name: UNKNOWN, description: UNKNOWN, regionId: UNKNOWN } };
  }
  const regionId = regionOf(properties);
  const item = await (await service()).describeHpcCluster(regionId, id);
  if (item !== undefined) {
    const outputs = outputsOf(item, { ...properties, regionId });
    return { id, props: outputs, inputs: inputsOf(outputs) };
  }
  if (isStored(properties)) {
    return {};
  }
  throw new Error(
    `There is no HPC cluster ${id} in ${regionId}: check the id, the region and the account given to HpcCluster.get.`,
  );
});

/** ModifyHpcClusterAttribute with what differs, and nothing else; then DescribeHpcClusters. */
export async function update(id: string, olds: RawInputs, checked: RawInputs): Promise<dynamic.UpdateResult> {
  const inputs = checked as RawInputs & HpcClusterInputs;
  const regionId = regionOf(olds);
  const { updates } = changesBetween(olds, inputs);
  const ecs = await service();
  // After a create that was not observed the engine asks for an update in which nothing may differ.
  if (updates.length > 0) {
    await ecs.modifyHpcCluster({
      regionId,
      hpcClusterId: id,
      name: updates.includes("name") ? inputs.name : undefined,
      description: updates.includes("description") ? (inputs.description ?? "") : undefined,
    });
  }
  const known: KnownCluster = {
    ...inputs,
    regionId,
    hpcClusterId: id,
    requestId: olds["requestId"],
    __createdWith: olds["__createdWith"],
  };
  const isAsWanted = (found: HpcClusterItem | undefined) =>
    found !== undefined && changesBetween({ ...found, regionId }, inputs).updates.length === 0;
  const item = await observe(ecs, known, isAsWanted);
  if (item === undefined) {
    throw new Error(
      `There is no HPC cluster ${id} in ${regionId} any more: it has been deleted outside Pulumi. ` +
        "Run `pulumi refresh`, then `pulumi up`.",
    );
  }
  const outs = outputsOf(item, known);
  if (!isAsWanted(item)) {
    const stale = changesBetween(outs, inputs).updates.join(" and ");
    throw new InitializationError(
      { ...known, description: undefined, ...outs },
      `ModifyHpcClusterAttribute in ${regionId} was accepted, but DescribeHpcClusters still shows the old ${stale} ` +
        `of ${id}. Run \`pulumi refresh\`, then \`pulumi up\`.`,
    );
  }
  return { outs };
}

/** DeleteHpcCluster. A cluster that is already gone counts as deleted. */
const deleteCluster = plainly(async (id: string, properties: RawInputs): Promise<void> => {
  if (hasJustBeenCreated(id)) {
    warn(
      `HPC cluster ${id} is kept: with deleteBeforeReplace: false a forced replacement with the same values gets the same ` +
        "cluster again. Leave deleteBeforeReplace as it is to have it deleted and made anew.",
    );
    return;
  }
  const ecs = await service();
  try {
    await ecs.deleteHpcCluster(regionOf(properties), id);
  } catch (error) {
    if (!saysGone(error)) {
      throw error;
    }
  }
  rememberDeleted(id, properties);
});
export { deleteCluster as delete };

function currentSettings(): Settings {
  return (settings ??= readSettings(() => undefined));
}

/** The engine shows what a provider prints with the stack, and not as a warning: the text has to say so itself. */
function warn(text: string): void {
  console.warn(`warning: ${text}`);
}

function problemText({ key, reason }: SettingProblem): string {
  return `${key} ${reason}`;
}

function isKnown(value: string | undefined): value is string {
  return value !== undefined && value !== UNKNOWN;
}

/** What is wrong with the whole stack is said for one cluster, not for each. Without a property, whose value would be shown. */
function once(reasons: readonly string[]): Violation[] {
  return reasons.flatMap((reason) => {
    if (saidReasons.has(reason)) {
      return [];
    }
    saidReasons.add(reason);
    return [{ property: "", reason }];
  });
}

/** What only the account can tell: whether the credentials are good, and which regions there are. */
async function toldRegions(current: Settings): Promise<Regions> {
  const answer = await askForRegions(current);
  if ("warning" in answer) {
    warn(answer.warning);
  }
  return answer;
}

function regionViolations(
  account: Regions | undefined,
  inputs: RawInputs,
  violations: readonly Violation[],
  origin: string | undefined,
): Violation[] {
  const regionId = textOf(inputs, "regionId");
  const isInForm = !violations.some(({ property }) => property === "regionId");
  if (account === undefined || !("known" in account) || !isKnown(regionId) || !isInForm) {
    return [];
  }
  const reason = unknownRegionReason(regionId, account.known, origin);
  return reason === undefined ? [] : [{ property: "regionId", reason }];
}

/** Rejects if the settings cannot be used: `destroy` and `refresh` come without a check before them. */
function service(): Promise<EcsClient> {
  const current = currentSettings();
  if (current.problems.length > 0) {
    return Promise.reject(new Error(current.problems.map(problemText).join("\n")));
  }
  return (client ??= import("./ecs/connection.js").then(({ connect }) => connect(current)));
}

function regionOf(properties: RawInputs): string {
  const regionId = textOf(properties, "regionId") ?? currentSettings().region;
  const reasons = regionReasons(regionId);
  if (regionId === undefined || reasons.length > 0) {
    throw new Error(reasons.join(" "));
  }
  return regionId;
}
