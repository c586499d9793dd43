import type { EcsClient } from "../ecs/client.ts";
import type { OnWait } from "../ecs/clock.ts";
import type { HpcClusterItem } from "../ecs/answerFields.ts";
import type { Session } from "./session.ts";

/** One call of the engine: how long it may take, and where its messages go. What it learns is the session's. */
export interface Operation {
  readonly session: Session;
  /** Shows a warning to the user. */
  readonly warn: (text: string) => void;
  /** Shows what is being waited for. */
  readonly onWait: OnWait;
  /** When it must end, on the session's clock; Infinity: each call of the service may take as long as the settings say. */
  readonly deadline: number;
}

/** What a host says about a call of the engine. */
export interface OperationOptions {
  /** Default: the session's. */
  readonly warn?: (text: string) => void;
  /** Default: nobody hears of it. */
  readonly onWait?: OnWait;
  /** How long the operation may take, milliseconds. Default: each call of the service as long as the settings say. */
  readonly timeoutMs?: number | undefined;
}

/** The operation for one call of the engine, which begins now. */
export function beginOperation(
  session: Session,
  { warn = session.warn, onWait = () => undefined, timeoutMs = Infinity }: OperationOptions = {},
): Operation {
  return { session, warn, onWait, deadline: session.clock.now() + timeoutMs };
}

/**
 * The client of the service, whose calls end with the operation.
 *
 * @throws if the settings cannot be used: `destroy` and `refresh` run without a check
 */
export async function ecsOf({ session, onWait, deadline }: Operation): Promise<EcsClient> {
  return (await session.ecs()).forOperation({ onWait, deadline });
}

/** Warns, unless the process has already warned so. */
export function warnOnce({ session, warn }: Operation, text: string): void {
  if (session.reportOnce(text)) {
    warn(text);
  }
}

/**
 * A cluster as the list of its region shows it, taken at most a minute ago.
 *
 * @param limitMs how long to wait for the list, milliseconds. Default: as long as a call may take.
 * @returns no item if it has to be read by its id: the list does not show it or cannot be taken, or this process has changed it
 */
export async function findListed(
  { session, onWait, deadline }: Operation,
  regionId: string,
  hpcClusterId: string,
  limitMs?: number,
): Promise<{ item?: HpcClusterItem | undefined } | { item?: undefined; error: unknown }> {
  const listed = await session.lists.list(regionId, { limitMs, deadline, onWait });
  if ("error" in listed) {
    return listed;
  }
  const isOutOfDate = (await session.ecs()).hasChanged(hpcClusterId);
  return isOutOfDate ? {} : { item: listed.clusters.get(hpcClusterId) };
}
