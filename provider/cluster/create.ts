import { randomUUID } from "node:crypto";
import { EcsError } from "../ecs/errors";
import type { HpcClusterItem } from "../ecs/items";
import { adoptCluster } from "./adopt";
import { clientTokenOf, tokenSeriesOf } from "./clientToken";

import { notShown, proveGone } from "./gone";
import { nameOf, type Entry } from "./entry";
import { InitializationError } from "./initializationError";
import { observe } from "./observe";
import {
  changesBetween,
  parametersOf,
  textOf,
  type ClusterProperties,
  type EngineProperties,
} from "./properties";
import type { Session } from "./session";
import { stateShownBy, type ClusterState } from "./state";

/** More clusters than this were never created and deleted with the same values: something else is wrong. */
const MAX_GENERATIONS = 1_000;
/** So many ClientTokens in a row are not refused because their clusters are deleted. */
const MAX_REFUSED_TOKENS = 20;

/** What a new cluster gets from its resource, beside the properties. */
export interface Origin {
  /** The key of the ClientTokens; undefined in a targeted run before the stack has its salt. */
  tokenKey?: string | undefined;
  /** The name of the resource in the program, for messages. */
  resourceName?: string | undefined;
}

/** What the program side has added to the inputs. */
export function originFrom(inputs: EngineProperties): Origin {
  return { tokenKey: textOf(inputs, "__tokenKey"), resourceName: textOf(inputs, "__resourceName") };
}

/**
 * Creates the cluster, finds the one that an interrupted run has created, or adopts one.
 *
 * @throws InitializationError if the cluster exists, but does not show: its id is not lost
 */
export async function createCluster(
  session: Session,
  inputs: ClusterProperties,
  { tokenKey, resourceName }: Origin,
): Promise<ClusterState> {
  const { holders } = session;
  const { adopt, clientToken } = inputs;
  const accountId = session.accountId();
  const __entry = randomUUID();
  const asEntry = async (state: ClusterState): Promise<ClusterState> => {
    holders.record(state.hpcClusterId, { entry: __entry, resourceName, isNew: true });
    return { ...state, __entry, __accountId: await accountId };
  };
  try {
    // A replacement of an adopted cluster is an ordinary new cluster: the adopted one has just been deleted.
    const created = await (adopt !== undefined && !holders.wasAdopted(adopt)
      ? adoptCluster(session, inputs, adopt)
      : clientToken !== undefined
        ? createWithOwnToken(session, inputs, clientToken)
        : tokenKey !== undefined
          ? createWithKey(session, inputs, tokenKey)
          : createWithRandomToken(session, inputs));
    return await asEntry(created);
  } catch (error) {
    throw error instanceof InitializationError
      ? new InitializationError(await asEntry(error.state), error.message)
      : error;
  }
}

async function createWithOwnToken(
  session: Session,
  inputs: ClusterProperties,
  clientToken: string,
): Promise<ClusterState> {
  const state = await callCreate(session, inputs, clientToken);
  const found = await findCreated(session, state);
  if ("shown" in found) {
    return found.shown;
  }
  const reason =
    "holder" in found
      ? `which was created earlier with this clientToken and ${nameOf(found.holder)} holds`
      : found.isChanged
        ? "which was created earlier with this clientToken and has been changed since, so another resource may hold it"
        : "which was created earlier with this clientToken and has been deleted since";
  throw new Error(
    `CreateHpcCluster in ${state.regionId} returned ${state.hpcClusterId}, ${reason}: the service goes on returning it. ` +
      "Give clientToken a new value, or remove it.",
  );
}

async function createWithRandomToken(session: Session, inputs: ClusterProperties): Promise<ClusterState> {
  const state = await callCreate(session, inputs, randomUUID());
  const item = await observe(session, state, (found) => found !== undefined);
  // A random token returns no earlier cluster: one that does not show is only late.
  if (item === undefined) {
    throw notShown(state);
  }
  return stateShownBy(item, state);
}

/**
 * The service returns a known ClientToken's first cluster, also when that has been deleted or given to another resource since.
 * Then the next generation of the token is tried.
 */
async function createWithKey(
  session: Session,
  inputs: ClusterProperties,
  tokenKey: string,
): Promise<ClusterState> {
  const series = tokenSeriesOf(tokenKey, parametersOf(inputs));
  const first = session.holders.firstGeneration(series);
  let refused = 0;
  for (let generation = first; generation < MAX_GENERATIONS; generation += 1) {
    let state: ClusterState;
    try {
      state = await callCreate(session, inputs, clientTokenOf(series, generation));
    } catch (error) {
      // The token stands for exactly these values, so the service means a cluster that has been deleted.
      if (error instanceof EcsError && error.meaning.refused === "token" && refused < MAX_REFUSED_TOKENS) {
        refused += 1;
        continue;
      }
      throw error;
    }
    refused = 0;
    const found = await findCreated(
      session,
      // Stored, so that a replacement need not try the earlier generations again.
      generation === 0 ? state : { ...state, __tokenUse: { series, generation } },
    );
    if ("shown" in found) {
      return found.shown;
    }
  }
  throw new Error(
    `CreateHpcCluster in ${inputs.regionId} returned ${MAX_GENERATIONS} times a cluster that is deleted or held by another resource.`,
  );
}

/** From here on the cluster exists, or has existed: its id must not get lost. */
async function callCreate(
  session: Session,
  inputs: ClusterProperties,
  clientToken: string,
): Promise<ClusterState> {
  const ecs = await session.ecs();
  const parameters = parametersOf({ ...inputs, clientToken });
  return { ...inputs, ...(await ecs.createHpcCluster(inputs.regionId, parameters)) };
}

/** What has become of a cluster that CreateHpcCluster returned: it may be one that was created earlier. */
type Found = { shown: ClusterState } | { holder: Entry } | { isChanged: boolean };

async function findCreated(session: Session, state: ClusterState): Promise<Found> {
  const { holders } = session;
  if (holders.isDeleted(state.hpcClusterId)) {
    return { isChanged: false };
  }
  let item: HpcClusterItem | undefined;
  try {
    item = await observe(session, state, (found) => found !== undefined);
  } catch (error) {
    // A cluster that could not be read is kept in the state, but not if it is another resource's.
    const holder = holders.otherHolder(state.hpcClusterId);
    if (holder !== undefined) {
      return { holder };
    }
    throw error;
  }
  const holder = holders.otherHolder(state.hpcClusterId);
  if (holder !== undefined) {
    return { holder };
  }
  if (item === undefined) {
    await proveGone(session, state);
    return { isChanged: false };
  }
  const shown = stateShownBy(item, state);
  // Somebody has changed it since it was created with these values, so somebody holds it.
  return changesBetween({ ...shown }, { ...state }).updates.length > 0 ? { isChanged: true } : { shown };
}
