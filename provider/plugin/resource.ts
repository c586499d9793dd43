/** The resource `alicloud-hpc:index:HpcCluster`: turns the engine's calls into calls of the core, and back. */
import { checkCluster } from "../cluster/check.ts";
import { tokenKeyOf } from "../cluster/clientToken.ts";
import { createCluster } from "../cluster/create.ts";
import { diffCluster } from "../cluster/diff.ts";
import {
  propertiesFrom,
  textOf,
  UNKNOWN,
  unknownOutputs,
  type EngineProperties,
  type UpdatedName,
} from "../cluster/properties.ts";
import { importCluster, readCluster } from "../cluster/read.ts";
import type { Checked } from "../cluster/rules.ts";
import type { Operation } from "../cluster/operation.ts";
import { inputsOf, outputsOf, stateFrom, type ClusterState } from "../cluster/state.ts";
import { deleteStored, updateStored } from "../cluster/storedCluster.ts";
import { updatedState } from "../cluster/update.ts";
import { clusterProvider, clusterTypes } from "../resourceTypes.ts";
import { autoname, type Autonaming } from "../cluster/autoname.ts";

/** The type of the resource in the engine. */
export const RESOURCE_TYPE = clusterTypes.plugin;

/** One call of the engine about one resource. */
export interface ResourceCall {
  operation: Operation;
  urn: string;
  /** The resource's name in the program. */
  resourceName: string;
}

/** Checks the inputs, after the name has been made where the program gives none. */
export async function check(
  { operation, urn, resourceName }: ResourceCall,
  olds: EngineProperties,
  news: EngineProperties,
  secretNames: ReadonlySet<string>,
  autonaming: Autonaming | undefined,
): Promise<Checked> {
  if (news["name"] !== undefined && news["name"] !== null) {
    return await checkCluster(operation, olds, news, secretNames);
  }
  const oldName = textOf(olds, "name");
  const named = oldName === undefined ? autoname(urn, resourceName, autonaming) : { name: oldName };
  return "failure" in named
    ? { inputs: { ...news }, failures: [named.failure] }
    : await checkCluster(operation, olds, { ...news, name: named.name }, secretNames);
}

/** How one property differs. */
export interface PropertyDifference {
  property: string;
  kind: "add" | "delete" | "update";
  replaces: boolean;
}

/** Compares old outputs with new inputs, so that a change made outside Pulumi shows after a refresh. */
export async function diff(
  { operation, urn, resourceName }: ResourceCall,
  id: string,
  olds: EngineProperties,
  news: EngineProperties,
): Promise<PropertyDifference[]> {
  const { updates, replaces, adds } = await diffCluster(operation, id, olds, news, { resourceName, urn });
  const kindOf = (property: UpdatedName | "regionId") =>
    !textOf(olds, property) ? "add" : !textOf(news, property) ? "delete" : "update";
  return [
    ...adds.map((property) => ({ property, kind: "add", replaces: false }) as const),
    ...updates.map((property) => ({ property, kind: kindOf(property), replaces: false }) as const),
    ...replaces.map((property) => ({ property, kind: kindOf(property), replaces: true }) as const),
  ];
}

/**
 * Creates the cluster.
 *
 * @param providerId the id of the provider resource, the stack's salt: random, and in the state before the first cluster
 */
export async function create(
  { operation, urn, resourceName }: ResourceCall,
  inputs: EngineProperties,
  providerId: string | undefined,
): Promise<ClusterState> {
  const tokenKey =
    textOf(inputs, "__tokenKey") ?? (providerId === undefined ? undefined : tokenKeyOf(providerId, urn));
  return await createCluster(operation, propertiesFrom(inputs), { tokenKey, resourceName });
}

/** The outputs that a preview can tell before the cluster is created. */
export function createdInPreview(inputs: EngineProperties): Record<string, unknown> {
  return { ...propertiesFrom(inputs), requestId: UNKNOWN };
}

/**
 * The outputs to store. A program that moves to the dynamic provider leaves them as they are, and a refresh or a deletion then
 * finds the dynamic provider in them.
 */
export function storedOutputs(state: ClusterState): EngineProperties {
  return { ...outputsOf(state), __provider: clusterProvider.text };
}

/**
 * Reads a cluster for a refresh and for `HpcCluster.get`.
 *
 * @param properties the outputs in the state; the arguments of `get`
 * @param inputs the inputs in the state
 * @returns undefined if a cluster of the state does not exist any more
 */
export async function read(
  { operation }: ResourceCall,
  id: string,
  properties: EngineProperties,
  inputs: EngineProperties,
): Promise<{ inputs: EngineProperties; outputs: EngineProperties } | undefined> {
  if (properties["regionId"] === UNKNOWN) {
    return { inputs: properties, outputs: unknownOutputs };
  }
  const found = await readCluster(operation, id, properties);
  if (found === undefined) {
    return undefined;
  }
  const hidden = Object.fromEntries(Object.entries(inputs).filter(([name]) => name.startsWith("__")));
  return { inputs: { ...hidden, ...inputsOf(found) }, outputs: storedOutputs(found) };
}

/**
 * Reads a cluster for an import.
 *
 * @throws if there is no such cluster, or another resource is known to have it
 */
export async function importExisting(
  { operation, urn, resourceName }: ResourceCall,
  id: string,
): Promise<{ inputs: EngineProperties; outputs: EngineProperties }> {
  const imported = await importCluster(operation, id, { urn, resourceName });
  return { inputs: inputsOf(imported), outputs: storedOutputs(imported) };
}

/** Changes the cluster, and returns the outputs to store. */
export async function update(
  { operation }: ResourceCall,
  id: string,
  olds: EngineProperties,
  inputs: EngineProperties,
): Promise<EngineProperties> {
  return storedOutputs(await updateStored(operation, id, olds, inputs));
}

/** The outputs that a preview can tell before the cluster is changed. */
export function updatedInPreview(
  id: string,
  olds: EngineProperties,
  inputs: EngineProperties,
): Record<string, unknown> {
  const wanted = propertiesFrom(inputs);
  // A state of @pulumi/alicloud has no region.
  return storedOutputs(updatedState(stateFrom(id, { regionId: wanted.regionId, ...olds }), wanted));
}

/** Deletes the cluster. */
export async function remove({ operation }: ResourceCall, id: string, olds: EngineProperties): Promise<void> {
  await deleteStored(operation, id, olds);
}
