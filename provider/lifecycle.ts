/**
 * The life of an HPC cluster, as the engine asks for it. This module *is* the dynamic provider: Pulumi stores a reference to
 * it (`pulumi-alicloud-hpc/lifecycle`) with every resource, so its path must stay as it is, and it is loaded in the program
 * as well as in the provider process: what talks to the service is loaded on first need.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { dynamic } from "@pulumi/pulumi";
import { readSettings, type Settings } from "./config";
import type { EcsClient, HpcClusterItem } from "./ecs/client";
import { saysGone } from "./ecs/errors";
import {
  changesBetween,
  checkInputs,
  regionReasons,
  UNKNOWN,
  type HpcClusterInputs,
  type RawInputs,
} from "./inputs";
import { inputsOf, isStored, outputsOf, textOf } from "./state";

/** How long a change may take to show in DescribeHpcClusters. */
const VISIBILITY_GRACE_MS = 15_000;

let settings: Settings | undefined;
let client: Promise<EcsClient> | undefined;

/** Takes the stack's configuration. The SDK does not wait for it before the first calls: nothing here may be put off. */
export function configure(request: dynamic.ConfigureRequest): Promise<void> {
  settings = readSettings((key) => request.config.get(key));
  client = undefined;
  return Promise.resolve();
}

/** Every rule about the inputs and the settings, at preview; unknown values are skipped. */
export function check(_olds: RawInputs, news: RawInputs): Promise<dynamic.CheckResult> {
  const { region, problems } = currentSettings();
  const { inputs, violations } = checkInputs(news, region);
  const failures = [
    ...violations,
    // Without a property: the engine would print the property's value.
    ...problems.map(({ key, reason }) => ({ property: "", reason: `${key} ${reason}` })),
  ];
  return Promise.resolve({ inputs, failures });
}

/** Old outputs against new inputs, so that a change made outside Pulumi shows once a refresh has seen it. */
export function diff(_id: string, olds: RawInputs, news: RawInputs): Promise<dynamic.DiffResult> {
  const { updates, replaces } = changesBetween(olds, news);
  return Promise.resolve({ changes: updates.length + replaces.length > 0, replaces });
}

/** CreateHpcCluster; what DescribeHpcClusters then shows becomes the state. */
export async function create(checked: RawInputs): Promise<dynamic.CreateResult> {
  const inputs = checked as RawInputs & HpcClusterInputs;
  const { regionId, name, description, clientToken } = inputs;
  const ecs = await service();
  const { hpcClusterId, requestId } = await ecs.createHpcCluster({
    regionId,
    name,
    description,
    clientToken,
  });
  // From here on the cluster exists: whatever happens, its id goes into the state.
  const known = { ...inputs, hpcClusterId, requestId };
  const item = await observed(ecs, regionId, hpcClusterId, known, (found) => found !== undefined);
  if (item === undefined) {
    throw new InitializationError(
      hpcClusterId,
      known,
      `The HPC cluster ${hpcClusterId} has been created in ${regionId} (request ${requestId}), but DescribeHpcClusters ` +
        "does not show it yet. Its id is in the state: run `pulumi refresh`, then `pulumi up`.",
    );
  }
  return { id: hpcClusterId, outs: outputsOf(item, known) };
}

/** DescribeHpcClusters, for a refresh (gone: removed from the state) and for `HpcCluster.get` (gone: an error). */
export async function read(id: string, properties: RawInputs): Promise<dynamic.ReadResult> {
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
}

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
  const known = { ...inputs, regionId, hpcClusterId: id, requestId: textOf(olds, "requestId") };
  const isAsWanted = (found: HpcClusterItem | undefined) =>
    found !== undefined && changesBetween({ ...found, regionId }, inputs).updates.length === 0;
  const item = await observed(ecs, regionId, id, known, isAsWanted);
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
      id,
      { ...known, ...outs },
      `ModifyHpcClusterAttribute in ${regionId} was accepted, but DescribeHpcClusters still shows the old ${stale} ` +
        `of ${id}. Run \`pulumi refresh\`, then \`pulumi up\`.`,
    );
  }
  return { outs };
}

/** DeleteHpcCluster. A cluster that is already gone counts as deleted. */
async function deleteCluster(id: string, properties: RawInputs): Promise<void> {
  const ecs = await service();
  try {
    await ecs.deleteHpcCluster(regionOf(properties), id);
  } catch (error) {
    if (!saysGone(error)) {
      throw error;
    }
  }
}
export { deleteCluster as delete };

function currentSettings(): Settings {
  return (settings ??= readSettings(() => undefined));
}

function service(): Promise<EcsClient> {
  const current = currentSettings();
  if (current.problems.length > 0) {
    // `destroy` and `refresh` come here without a check before them.
    throw new Error(current.problems.map(({ key, reason }) => `${key} ${reason}`).join("\n"));
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

/**
 * Looks at the cluster until it is as it should be, or has had its time to become so.
 *
 * @throws InitializationError if it cannot be looked at: the id is not lost
 */
async function observed(
  ecs: EcsClient,
  regionId: string,
  id: string,
  known: Record<string, unknown>,
  isSettled: (item: HpcClusterItem | undefined) => boolean,
): Promise<HpcClusterItem | undefined> {
  const end = Date.now() + VISIBILITY_GRACE_MS;
  for (let pause = 100; ; pause = Math.min(pause * 2, 2_000)) {
    let item: HpcClusterItem | undefined;
    try {
      item = await ecs.describeHpcCluster(regionId, id);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InitializationError(
        id,
        known,
        `The HPC cluster ${id} is in the state, but could not be looked at afterwards: ${reason}`,
      );
    }
    if (isSettled(item) || Date.now() + pause > end) {
      return item;
    }
    await sleep(pause);
  }
}

/**
 * The cluster exists, but not all is well. The engine keeps `id` and `properties` in the state, shows `reasons`, and runs
 * `update` the next time.
 */
class InitializationError extends Error {
  readonly reasons: readonly string[];
  readonly properties: Record<string, unknown>;

  constructor(
    readonly id: string,
    properties: Record<string, unknown>,
    reason: string,
  ) {
    super(reason);
    this.name = "InitializationError";
    this.reasons = [reason];
    // The SDK cannot store undefined, and does not add `__provider` here as it does elsewhere: it is in the inputs.
    this.properties = Object.fromEntries(
      Object.entries(properties).filter(([, value]) => value !== undefined),
    );
  }
}
