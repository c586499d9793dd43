import type { HpcClusterItem } from "./ecs/items";
import type { RawInputs } from "./inputs";

/**
 * The outputs of a cluster as they are kept in the state. Every state that a release has ever written must stay readable:
 * new fields are optional, and no field changes its meaning.
 */
export interface HpcClusterState {
  /** Equal to the resource's id; its presence tells a stored resource from the arguments of `HpcCluster.get`. */
  hpcClusterId: string;
  name: string;
  description?: string;
  regionId: string;
  /** RequestId of the CreateHpcCluster call; absent on a cluster that was adopted, or read with `HpcCluster.get`. */
  requestId?: string;
  clientToken?: string;
  adopt?: string;
  /** The ClientToken of the creation, where it is not the first of its key. */
  __createdWith?: string;
}

/** The service's view of a cluster, with what only the state knows, as outputs. */
export function outputsOf(
  item: HpcClusterItem,
  kept: RawInputs & { regionId: string },
): HpcClusterState & Record<string, unknown> {
  return defined({
    hpcClusterId: item.hpcClusterId,
    name: item.name,
    description: item.description,
    regionId: kept.regionId,
    requestId: textOf(kept, "requestId"),
    clientToken: textOf(kept, "clientToken"),
    adopt: textOf(kept, "adopt"),
    __createdWith: textOf(kept, "__createdWith"),
  });
}

/** The inputs that would lead to these outputs: what a refresh stores, so that drift shows in the next preview. */
export function inputsOf(state: HpcClusterState): Record<string, unknown> {
  return defined({
    name: state.name,
    description: state.description,
    regionId: state.regionId,
    clientToken: state.clientToken,
    adopt: state.adopt,
  });
}

/** Whether these properties come from the state, and not from the arguments of `HpcCluster.get`. */
export function isStored(properties: RawInputs): boolean {
  return typeof properties["hpcClusterId"] === "string";
}

/** A text property, if it is there. */
export function textOf(properties: RawInputs, key: string): string | undefined {
  const value = properties[key];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The SDK cannot store undefined: it would throw after the cluster has been made, and so lose it. */
function defined<T extends object>(properties: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined)) as T;
}
