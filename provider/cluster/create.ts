import { randomUUID } from "node:crypto";
import { EcsError, messageOf } from "../ecs/errors";
import { adoptCluster } from "./adopt";
import { clientTokenOf, tokenSeriesOf } from "./clientToken";
import { InitializationError } from "./initializationError";
import { observe } from "./observe";
import { parametersOf, type ClusterProperties } from "./properties";
import type { Session } from "./session";
import { stateShownBy, type ClusterState } from "./state";

/** More clusters than this were never created and deleted with the same values: something else is wrong. */
const MAX_GENERATIONS = 1_000;

/**
 * Creates the cluster, finds the one that an interrupted run has created, or adopts one.
 *
 * @param tokenKey the key of the cluster's ClientTokens; undefined in a targeted run before the stack has its salt
 * @throws InitializationError if the cluster exists, but does not show: its id is not lost
 */
export async function createCluster(
  session: Session,
  inputs: ClusterProperties,
  tokenKey: string | undefined,
): Promise<ClusterState> {
  const { adopt, clientToken } = inputs;
  // A replacement of an adopted cluster is an ordinary new cluster: the adopted one has just been deleted.
  const created = await (adopt !== undefined && !session.holders.wasAdopted(adopt)
    ? adoptCluster(session, inputs, adopt)
    : clientToken !== undefined
      ? createWithOwnToken(session, inputs, clientToken)
      : tokenKey !== undefined
        ? createWithKey(session, inputs, tokenKey)
        : createWithRandomToken(session, inputs));
  session.holders.recordCreated(created);
  return created;
}

async function createWithOwnToken(
  session: Session,
  inputs: ClusterProperties,
  clientToken: string,
): Promise<ClusterState> {
  const state = await callCreate(session, inputs, clientToken);
  const shown = await whenShown(session, state);
  if (shown === undefined) {
    throw new Error(
      `CreateHpcCluster in ${state.regionId} returned ${state.hpcClusterId}, which was created earlier with this clientToken ` +
        "and has been deleted since: the service goes on returning it. Give clientToken a new value, or remove it.",
    );
  }
  return shown;
}

async function createWithRandomToken(session: Session, inputs: ClusterProperties): Promise<ClusterState> {
  const state = await callCreate(session, inputs, randomUUID());
  const item = await observe(await session.ecs(), session.clock, state, (found) => found !== undefined);
  // A random token returns no earlier cluster: one that does not show is only late.
  if (item === undefined) {
    throw notShown(state);
  }
  return stateShownBy(item, state);
}

/**
 * The service returns a known ClientToken's first cluster, also when that has been deleted since. So a cluster that does not
 * exist counts as deleted, and the next generation of the token is tried.
 */
async function createWithKey(
  session: Session,
  inputs: ClusterProperties,
  tokenKey: string,
): Promise<ClusterState> {
  const { holders } = session;
  const series = tokenSeriesOf(tokenKey, parametersOf(inputs));
  const missing: ClusterState[] = [];
  for (let generation = holders.firstGeneration(series); generation < MAX_GENERATIONS; generation += 1) {
    const answer = await callCreate(session, inputs, clientTokenOf(series, generation));
    // Stored, so that a replacement need not try the earlier generations again.
    const state = generation === 0 ? answer : { ...answer, __tokenUse: { series, generation } };
    const shown = await whenShown(session, state);
    if (shown === undefined) {
      missing.push(state);
    } else if (!holders.belongsToAnother(state.hpcClusterId)) {
      return await earliest(session, missing, shown);
    }
  }
  throw new Error(
    `CreateHpcCluster in ${inputs.regionId} returned ${MAX_GENERATIONS} times a cluster that does not exist.`,
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

/** The cluster as the service shows it; undefined if it has been deleted. */
async function whenShown(session: Session, state: ClusterState): Promise<ClusterState | undefined> {
  if (session.holders.isDeleted(state.hpcClusterId)) {
    return undefined;
  }
  const item = await observe(await session.ecs(), session.clock, state, (found) => found !== undefined);
  if (item !== undefined) {
    return stateShownBy(item, state);
  }
  if (await isGone(session, state)) {
    return undefined;
  }
  throw notShown(state);
}

/**
 * DescribeHpcClusters may lag: confirm with a Modify that changes nothing. A list that lags must not lead to a second cluster.
 */
async function isGone(session: Session, state: ClusterState): Promise<boolean> {
  const { regionId, hpcClusterId } = state;
  const ecs = await session.ecs();
  try {
    await ecs.modifyHpcCluster(regionId, hpcClusterId, parametersOf(state, ["name"]));
    return false;
  } catch (error) {
    if (error instanceof EcsError && error.meaning.gone !== undefined) {
      return true;
    }
    throw new InitializationError(
      state,
      `The HPC cluster ${hpcClusterId} is in the state, but DescribeHpcClusters does not show it: ${messageOf(error)}`,
    );
  }
}

/**
 * Of several clusters created one after the other because none showed, the first one that shows now. The newest shows already,
 * so an older one that still exists shows too; then the newest is deleted.
 */
async function earliest(
  session: Session,
  missing: readonly ClusterState[],
  newest: ClusterState,
): Promise<ClusterState> {
  const ecs = await session.ecs();
  for (const state of missing.filter(({ hpcClusterId }) => !session.holders.isDeleted(hpcClusterId))) {
    const item = await observe(ecs, session.clock, state, () => true);
    if (item !== undefined) {
      await ecs.deleteHpcCluster(newest.regionId, newest.hpcClusterId);
      return stateShownBy(item, state);
    }
  }
  return newest;
}

function notShown(state: ClusterState): InitializationError {
  return new InitializationError(
    state,
    `The HPC cluster ${state.hpcClusterId} has been created in ${state.regionId}, but DescribeHpcClusters does not show it ` +
      "yet. Its id is in the state: run `pulumi up` again in a few minutes.",
  );
}
