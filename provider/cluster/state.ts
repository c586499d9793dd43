import { withoutUndefined } from "../ecs/json.ts";
import {
  describedPropertiesOf,
  propertiesFrom,
  textOf,
  withoutDescribedProperties,
  type ClusterProperties,
  type EngineProperties,
} from "./properties.ts";
import type { HpcClusterItem } from "../ecs/answerFields.ts";

/** The ClientToken that a cluster was created with: its series (clientToken.ts), and which of the series it is. */
export interface TokenUse {
  series: string;
  generation: number;
}

/**
 * The outputs of a cluster, as the state stores them. Every state that a release has written must stay readable: new fields
 * are optional, and no field changes its meaning.
 */
export interface ClusterState extends ClusterProperties {
  /** Equal to the resource's id. */
  readonly hpcClusterId: string;
  /** RequestId of the CreateHpcCluster call; missing on a cluster that was adopted, or read with `HpcCluster.get`. */
  readonly requestId?: string | undefined;
  /** Random: tells this entry from another one with the same cluster. Missing in states of earlier versions. */
  readonly __entry?: string | undefined;
  /** The account in which the cluster is, if it could be asked. */
  readonly __accountId?: string | undefined;
  /** The ClientToken of the creation, if it is not the first of its series. Hidden: its name starts with `__`. */
  readonly __tokenUse?: TokenUse | undefined;
}

/** The cluster exists, but something after its creation or change failed. The host keeps the state, and the next run goes on. */
export class InitializationError extends Error {
  /** `createCluster` adds what it knows beside the cluster. */
  state: ClusterState;

  constructor(state: ClusterState, reason: string) {
    super(reason);
    this.state = state;
    this.name = "InitializationError";
  }
}

/** A stored cluster. */
export function stateFrom(hpcClusterId: string, outputs: EngineProperties): ClusterState {
  const tokenUse = outputs["__tokenUse"];
  return {
    ...propertiesFrom(outputs),
    hpcClusterId,
    requestId: textOf(outputs, "requestId"),
    __entry: textOf(outputs, "__entry"),
    __accountId: textOf(outputs, "__accountId"),
    __tokenUse: isTokenUse(tokenUse) ? tokenUse : undefined,
  };
}

function isTokenUse(value: unknown): value is TokenUse {
  const { series, generation } = (value ?? {}) as Partial<TokenUse>;
  return typeof series === "string" && typeof generation === "number";
}

/** The state with what the service shows now; the rest stays. */
export function stateShownBy(item: HpcClusterItem, state: ClusterState): ClusterState {
  return { ...withoutDescribedProperties(state), ...describedPropertiesOf(item) };
}

/** The outputs to store. The SDK cannot store undefined: it would throw after the cluster has been created. */
export function outputsOf(state: ClusterState): Record<string, unknown> {
  return withoutUndefined(state);
}

/** The inputs that would lead to this state. A refresh stores them, so that drift shows in the next preview. */
export function inputsOf(state: ClusterState): Record<string, unknown> {
  return propertiesFrom(state as unknown as EngineProperties);
}

/** Whether these properties come from the state. The others are arguments of `HpcCluster.get`. */
export function isStored(properties: EngineProperties): boolean {
  return typeof properties["hpcClusterId"] === "string";
}
