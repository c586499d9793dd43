import { randomUUID } from "node:crypto";
import { checkAdoption } from "./adoption";
import { clientTokenOf } from "./clientToken";
import type { EcsClient } from "./ecs/client";
import type { HpcClusterItem } from "./ecs/items";
import { saysGone } from "./ecs/errors";
import type { HpcClusterInputs, RawInputs } from "./inputs";
import { InitializationError, messageOf, observe, type KnownCluster } from "./observation";
import { textOf } from "./state";

/** More clusters than this were never made and deleted with the same values: something else is wrong. */
const MAX_GENERATIONS = 1_000;

/** What this process has done so far. The engine starts one for every operation. */
const deletedIds = new Set<string>();
const spentTokens = new Set<string>();
const createdIds = new Map<string, string | undefined>();
const ownedIds = new Set<string>();
const adoptedIds = new Set<string>();

/** A cluster that has been made, and seen. */
export interface CreatedCluster {
  item: HpcClusterItem;
  known: KnownCluster;
}

/**
 * Makes the cluster, or finds the one that an earlier, interrupted run has made. The service answers a ClientToken that it
 * knows with the first call's cluster, also when that has been deleted since; so what is not there counts as deleted, and the
 * next generation of the token is tried.
 *
 * @throws InitializationError if the cluster exists, but cannot be seen: its id is not lost
 */
export async function createCluster(
  ecs: EcsClient,
  inputs: RawInputs & HpcClusterInputs,
): Promise<CreatedCluster> {
  const { adopt } = inputs;
  // A replacement of an adopted cluster has just deleted it: the new one is an ordinary one.
  const created = await (adopt !== undefined && !isTakenOver(adopt)
    ? adoptCluster(ecs, inputs, adopt)
    : inputs.clientToken !== undefined
      ? createWithGivenToken(ecs, inputs, inputs.clientToken)
      : createWithKey(ecs, inputs, textOf(inputs, "__tokenKey")));
  createdIds.set(created.item.hpcClusterId, textOf(created.known, "requestId"));
  return created;
}

/** To be told of every cluster that has been deleted: its token answers with it for ever. */
export function rememberDeleted(id: string, properties: RawInputs): void {
  deletedIds.add(id);
  const token = textOf(properties, "__createdWith");
  if (token !== undefined) {
    spentTokens.add(token);
  }
}

/**
 * To be told of every cluster that the state already has. A resource that has been renamed keeps its cluster, but not its URN:
 * a new resource with that URN and the same values gets the same ClientToken, and with it the other's cluster.
 *
 * @throws if that has just happened
 */
export function rememberOwned(id: string, properties: RawInputs): void {
  const requestId = createdIds.get(id);
  if (requestId !== undefined && requestId !== textOf(properties, "requestId")) {
    throw new Error(
      `The HPC cluster ${id} of this resource has just been given to a new resource as well, which has the name and the values ` +
        "that this one once had. Remove the new one from the state (pulumi state delete), and declare it after this one.",
    );
  }
  ownedIds.add(id);
}

/** To be told of every cluster that the state already has as adopted. */
export function rememberAdopted(id: string): void {
  adoptedIds.add(id);
}

/** Whether the cluster to be adopted was, earlier: then this is its replacement, an ordinary new cluster. */
export function isTakenOver(id: string): boolean {
  return adoptedIds.has(id) || deletedIds.has(id);
}

/**
 * Whether this process has just been given this cluster by CreateHpcCluster. Then a replacement made "new" first has got the
 * old cluster again, since nothing tells `create` that it replaces; deleting it would delete both.
 */
export function hasJustBeenCreated(id: string): boolean {
  return createdIds.has(id);
}

async function adoptCluster(
  ecs: EcsClient,
  inputs: RawInputs & HpcClusterInputs,
  adopt: string,
): Promise<CreatedCluster> {
  if (belongsToAnother(adopt)) {
    throw new Error(
      `adopt: the HPC cluster ${adopt} belongs to another resource of this stack already; remove one of them.`,
    );
  }
  const { item, violations } = await checkAdoption(ecs, inputs, adopt, inputs.regionId);
  if (item === undefined || violations.length > 0) {
    throw new Error(violations.map(({ reason }) => reason).join("\n"));
  }
  return { item, known: { ...inputs, hpcClusterId: adopt } };
}

async function createWithGivenToken(
  ecs: EcsClient,
  inputs: RawInputs & HpcClusterInputs,
  clientToken: string,
): Promise<CreatedCluster> {
  const known = await call(ecs, inputs, clientToken);
  const item = await visible(ecs, known);
  if (item !== undefined) {
    return { item, known };
  }
  throw new Error(
    `CreateHpcCluster in ${known.regionId} answered with ${known.hpcClusterId}, which this clientToken made before, and ` +
      "which has been deleted since: the service goes on answering with it. Give clientToken a new value, or remove it.",
  );
}

async function createWithKey(
  ecs: EcsClient,
  inputs: RawInputs & HpcClusterInputs,
  tokenKey: string | undefined,
): Promise<CreatedCluster> {
  if (tokenKey === undefined) {
    // A targeted run before the stack has its salt. Nothing can be replayed: what does not show is merely late.
    const known = await call(ecs, inputs, randomUUID());
    const item = await observe(ecs, known, (found) => found !== undefined);
    if (item === undefined) {
      throw notVisible(known);
    }
    return { item, known };
  }

  const tokenOf = (generation: number) => clientTokenOf(tokenKey, generation, inputs);
  const missing: KnownCluster[] = [];
  for (let generation = firstUnspent(tokenOf); generation < MAX_GENERATIONS; generation += 1) {
    const clientToken = tokenOf(generation);
    const known = await call(ecs, inputs, clientToken);
    if (generation > 0) {
      // So that a replacement need not try all the earlier ones again.
      known["__createdWith"] = clientToken;
    }
    const item = await visible(ecs, known);
    if (item !== undefined && belongsToAnother(known.hpcClusterId)) {
      continue;
    }
    if (item !== undefined) {
      return await earliest(ecs, missing, { item, known });
    }
    missing.push(known);
  }
  throw new Error(
    `CreateHpcCluster in ${inputs.regionId} answered ${MAX_GENERATIONS} times with a cluster that does not exist.`,
  );
}

function belongsToAnother(id: string): boolean {
  return ownedIds.has(id) && !deletedIds.has(id);
}

function firstUnspent(tokenOf: (generation: number) => string): number {
  if (spentTokens.size > 0) {
    for (let generation = MAX_GENERATIONS - 1; generation > 0; generation -= 1) {
      if (spentTokens.has(tokenOf(generation))) {
        return generation + 1;
      }
    }
  }
  return 0;
}

async function call(
  ecs: EcsClient,
  inputs: RawInputs & HpcClusterInputs,
  clientToken: string,
): Promise<KnownCluster> {
  const { regionId, name, description } = inputs;
  const answer = await ecs.createHpcCluster({ regionId, name, description, clientToken });
  // From here on the cluster exists, or has existed: whatever happens, its id must not get lost.
  return { ...inputs, ...answer };
}

/** The cluster as it shows; undefined if it has been deleted. */
async function visible(ecs: EcsClient, known: KnownCluster): Promise<HpcClusterItem | undefined> {
  if (deletedIds.has(known.hpcClusterId)) {
    return undefined;
  }
  const item = await observe(ecs, known, (found) => found !== undefined);
  if (item === undefined && !(await isGone(ecs, known))) {
    throw notVisible(known);
  }
  return item;
}

/**
 * Asks in a second way, by a change that changes nothing: a list that is behind must not lead to a second cluster.
 */
async function isGone(ecs: EcsClient, known: KnownCluster): Promise<boolean> {
  const { regionId, hpcClusterId } = known;
  try {
    await ecs.modifyHpcCluster({ regionId, hpcClusterId, name: textOf(known, "name") });
    return false;
  } catch (error) {
    if (saysGone(error)) {
      return true;
    }
    throw new InitializationError(
      known,
      `The HPC cluster ${hpcClusterId} is in the state, but DescribeHpcClusters does not show it: ${messageOf(error)}`,
    );
  }
}

/**
 * Of several clusters made one after the other because none showed, the first one that does show now. The newest shows
 * already, so an older one that still exists shows too; the newest is then one too many.
 */
async function earliest(
  ecs: EcsClient,
  missing: KnownCluster[],
  newest: CreatedCluster,
): Promise<CreatedCluster> {
  for (const known of missing) {
    if (!deletedIds.has(known.hpcClusterId)) {
      const item = await observe(ecs, known, () => true);
      if (item !== undefined) {
        await ecs.deleteHpcCluster(newest.known.regionId, newest.known.hpcClusterId);
        return { item, known };
      }
    }
  }
  return newest;
}

function notVisible(known: KnownCluster): InitializationError {
  return new InitializationError(
    known,
    `The HPC cluster ${known.hpcClusterId} has been created in ${known.regionId}, but DescribeHpcClusters does not show it ` +
      "yet. Its id is in the state: run `pulumi up` again in a while.",
  );
}
