/**
 * The life of an HPC cluster, as the engine asks for it. This module *is* the dynamic provider: Pulumi stores a reference to
 * it (`pulumi-alicloud-hpc/lifecycle`) with every resource, so its path must stay as it is, and it is loaded in the program
 * as well as in the provider process: what talks to the service is loaded on first need.
 */
import type { dynamic } from "@pulumi/pulumi";
import { readSettings, type Settings } from "./config";
import { createCluster, hasJustBeenCreated, rememberDeleted } from "./creation";
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
import { InitializationError, observe, type KnownCluster } from "./observation";
import { inputsOf, isStored, outputsOf, textOf } from "./state";

let settings: Settings | undefined;
let client: Promise<EcsClient> | undefined;

/** Takes the stack's configuration. The SDK does not wait for it before the first calls: nothing here may be put off. */
export function configure(request: dynamic.ConfigureRequest): Promise<void> {
  settings = readSettings((key) => request.config.get(key));
  client = undefined;
  return Promise.resolve();
}

/** Every rule about the inputs and the settings, at preview; unknown values are skipped. */
export function check(olds: RawInputs, news: RawInputs): Promise<dynamic.CheckResult> {
  const { region, problems } = currentSettings();
  const { inputs, violations } = checkInputs(news, region);
  // The key that the cluster was made with outlasts a change of its URN.
  const tokenKey = textOf(olds, "__tokenKey");
  if (tokenKey !== undefined) {
    inputs["__tokenKey"] = tokenKey;
  }
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

/** CreateHpcCluster, once; what DescribeHpcClusters then shows becomes the state. */
export async function create(checked: RawInputs): Promise<dynamic.CreateResult> {
  const { item, known } = await createCluster(await service(), checked as RawInputs & HpcClusterInputs);
  return { id: item.hpcClusterId, outs: outputsOf(item, known) };
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
async function deleteCluster(id: string, properties: RawInputs): Promise<void> {
  if (hasJustBeenCreated(id)) {
    console.warn(
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
