import { randomUUID } from "node:crypto";
import { EcsError } from "../ecs/errors.ts";
import { adoptCluster } from "./adopt.ts";
import { clientTokenOf, tokenSeriesOf } from "./clientToken.ts";
import { notShown, observe } from "./observe.ts";
import { InitializationError, type ClusterState } from "./state.ts";
import { parametersOf, textOf, type ClusterProperties, type EngineProperties } from "./properties.ts";
import { agrees, judgeReturned, takeNew, type PassedOver, type Returned } from "./returnedCluster.ts";
import { ecsOf, type Operation } from "./operation.ts";

/**
 * The largest number of ClientTokens that are tried for one resource. More clusters that are deleted, or belong to another resource,
 * mean that the service answers wrongly: then each further call could create one more cluster.
 */
const MAX_PASSED_OVER = 20;

/** What a new cluster takes from its resource, in addition to the properties. */
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
  operation: Operation,
  inputs: ClusterProperties,
  { tokenKey, resourceName }: Origin,
): Promise<ClusterState> {
  const { holders } = operation.session;
  const { adopt, clientToken } = inputs;
  const accountId = operation.session.accountId();
  const __entry = randomUUID();
  const asEntry = async (state: ClusterState): Promise<ClusterState> => {
    holders.record(state.hpcClusterId, { entry: __entry, resourceName, isNew: true });
    return { ...state, __entry, __accountId: await accountId };
  };
  try {
    // A replacement of an adopted cluster is an ordinary new cluster: the adopted one has just been deleted.
    const created = await (adopt !== undefined && !holders.wasAdopted(adopt)
      ? adoptCluster(operation, inputs, adopt)
      : clientToken !== undefined
        ? createWithOwnToken(operation, inputs, clientToken)
        : tokenKey !== undefined
          ? createWithKey(operation, inputs, tokenKey)
          : createWithRandomToken(operation, inputs));
    return await asEntry(created);
  } catch (error) {
    if (error instanceof InitializationError) {
      error.state = await asEntry(error.state);
    }
    throw error;
  }
}

async function createWithOwnToken(
  operation: Operation,
  inputs: ClusterProperties,
  clientToken: string,
): Promise<ClusterState> {
  const found = await judgeReturned(operation, await callCreate(operation, inputs, clientToken));
  if ("taken" in found) {
    return found.taken;
  }
  if (found.mayBeNew) {
    throw shownOtherwise(found);
  }
  throw new Error(
    `CreateHpcCluster in ${inputs.regionId} returned ${found.state.hpcClusterId}, which was created earlier with this clientToken ` +
      `and ${found.reason}: the service goes on returning it. Give clientToken a new value, or remove it.`,
  );
}

async function createWithRandomToken(operation: Operation, inputs: ClusterProperties): Promise<ClusterState> {
  const { state } = await callCreate(operation, inputs, randomUUID());
  const item = await observe(operation, state, (shown) => shown !== undefined && agrees(shown, state));
  // A random token returns no earlier cluster: one that does not show is only late.
  if (item === undefined) {
    throw notShown(state);
  }
  return takeNew(operation, item, state);
}

/**
 * The service returns a known ClientToken's first cluster, also when that has been deleted or given to another resource since.
 * Then the next generation of the token is tried.
 */
async function createWithKey(
  operation: Operation,
  inputs: ClusterProperties,
  tokenKey: string,
): Promise<ClusterState> {
  const { session, deadline } = operation;
  const { clock, settings } = session;
  const end = Math.min(deadline, clock.now() + settings.maxRetryTimeoutMs);
  const series = tokenSeriesOf(tokenKey, parametersOf(inputs));
  const first = session.holders.firstGeneration(series);
  const passedOver: PassedOver[] = [];
  for (let generation = first; generation < first + MAX_PASSED_OVER; generation += 1) {
    if (clock.now() > end) {
      throw tooManyPassedOver(
        inputs,
        passedOver,
        `the time of ${settings.namespace}:maxRetryTimeout is over`,
      );
    }
    let returned: Returned;
    try {
      returned = await callCreate(operation, inputs, clientTokenOf(series, generation));
    } catch (error) {
      // The token stands for exactly these values, so the service means a cluster that has been deleted.
      if (error instanceof EcsError && error.meaning.refused === "token") {
        continue;
      }
      throw error;
    }
    if (generation > 0) {
      // Stored, so that a replacement need not try the earlier generations again.
      returned.state = { ...returned.state, __tokenUse: { series, generation } };
    }
    const found = await judgeReturned(operation, returned);
    if ("taken" in found) {
      return found.taken;
    }
    const earlier = passedOver.find(({ isChanged }) => isChanged);
    if (found.isChanged && earlier !== undefined) {
      throw found.mayBeNew
        ? shownOtherwise(found, earlier)
        : tooManyPassedOver(inputs, [...passedOver, found], "none of them is taken");
    }
    passedOver.push(found);
    operation.onWait(
      `CreateHpcCluster returned ${found.state.hpcClusterId}, which ${found.reason}: trying the next ClientToken`,
    );
  }
  throw tooManyPassedOver(inputs, passedOver, `no more than ${MAX_PASSED_OVER} ClientTokens are tried`);
}

/** Calls CreateHpcCluster. After it the cluster exists, or has existed: its id must not get lost. */
async function callCreate(
  operation: Operation,
  inputs: ClusterProperties,
  clientToken: string,
): Promise<Returned> {
  const { session } = operation;
  const before = await session.lists.beforeCreation(inputs.regionId);
  const ecs = await ecsOf(operation);
  session.sameNames.noteCreation(inputs);
  const parameters = parametersOf({ ...inputs, clientToken });
  const created = await ecs.createHpcCluster(inputs.regionId, parameters);
  session.holders.recordReturned(created.hpcClusterId);
  return {
    state: { ...inputs, ...created },
    before: "clusters" in before ? before.clusters : undefined,
  };
}

/** The cluster may be new or an earlier one, which nothing shows. So it is kept, and no other one is created. */
function shownOtherwise({ state, reason }: PassedOver, earlier?: PassedOver): InitializationError {
  const { hpcClusterId, regionId } = state;
  const also =
    earlier === undefined
      ? ""
      : ` The same is true of ${earlier.state.hpcClusterId}, which this resource does not have: if it belongs to nobody else, delete it.`;
  return new InitializationError(
    state,
    `CreateHpcCluster in ${regionId} returned ${hpcClusterId}, which ${reason}, or is new and the service stores these values in another ` +
      `form. Its id is in the state.${also} Make sure that no other resource has ${hpcClusterId}; otherwise run \`pulumi state delete\`. ` +
      "Then run `pulumi refresh`, write the values in the program as they are shown, and run `pulumi up`.",
  );
}

function tooManyPassedOver(
  { regionId }: ClusterProperties,
  passedOver: readonly PassedOver[],
  why: string,
): Error {
  const clusters = passedOver.map(({ state, reason }) => `${state.hpcClusterId} (${reason})`).join(", ");
  return new Error(
    `The ClientTokens of this resource stand for clusters that CreateHpcCluster in ${regionId} created earlier with the same values` +
      `${clusters === "" ? "" : `: ${clusters}`}. No other one has been created: ${why}. Give the resource a clientToken that was ` +
      "not used before (any text).",
  );
}
