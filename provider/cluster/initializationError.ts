import type { ClusterState } from "./state";

/** The cluster exists, but something after its creation or change failed. The host keeps the state, and the next run goes on. */
export class InitializationError extends Error {
  constructor(
    readonly state: ClusterState,
    reason: string,
  ) {
    super(reason);
    this.name = "InitializationError";
  }
}
