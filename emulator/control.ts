import type { ActionName } from "./actionNames.ts";
import { FaultPlanError, parseFaultPlan } from "./faultFile.ts";
import type { Faults } from "./faults.ts";
import type { Head, Incoming } from "./incoming.ts";
import type { RequestRecord } from "./requests.ts";
import { shortened } from "./shortened.ts";
import type { Store } from "./store.ts";

/** An answer with a JSON body. */
export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What a request does once its body is read. */
export type Control = (incoming: Incoming) => ControlAnswer;

/** The part of the emulator that other processes may see and change. */
interface Controlled {
  readonly store: Store;
  readonly requests: readonly RequestRecord[];
  readonly actions: readonly ActionName[];
  readonly missingActions: readonly string[];
  readonly faults: Faults;
  reset(): void;
}

/** What each request does, by method and path. Throws FaultPlanError. */
const controls: Readonly<Record<string, (ecs: Controlled, body: string) => unknown>> = {
  "GET /_emulator/clusters": ({ store }) => store.clusters(),
  "GET /_emulator/instances": ({ store }) => store.instances(),
  "GET /_emulator/requests": ({ requests }) => requests,
  "GET /_emulator/actions": ({ actions, missingActions }) => ({ actions, missingActions }),
  "PUT /_emulator/faults": (ecs, body) => {
    const { rules, seed } = parseFaultPlan(parseJson(body), "The body");
    if (seed !== undefined) {
      throw new FaultPlanError("The body", ["seed: can only be set at the start"]);
    }
    ecs.faults.clear();
    for (const rule of rules) {
      ecs.faults.add(rule);
    }
    return {};
  },
  "POST /_emulator/reset": (ecs) => {
    ecs.reset();
    return {};
  },
};

/**
 * Lets other processes look at the emulator and change it, below `/_emulator/`; undefined for every other path. A request that
 * is refused for its head is answered at once, without its body.
 */
export function control(ecs: Controlled, head: Head): Control | ControlAnswer | undefined {
  const { method, path, headers } = head;
  if (!path.startsWith("/_emulator/")) {
    return undefined;
  }
  // A web page must not see or change the emulator: browsers send an Origin, and a name that a page resolves to 127.0.0.1 is a Host.
  const isLocal = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(headers["host"] ?? "");
  if (headers["origin"] !== undefined || !isLocal) {
    return { status: 403, body: { error: "Requests of web pages are refused." } };
  }
  const run = controls[`${method} ${path}`];
  if (run === undefined) {
    const known = Object.keys(controls).join(", ");
    return { status: 404, body: { error: `${method} ${shortened(path)} is not one of ${known}.` } };
  }
  return ({ body, isTooLong }) => {
    if (isTooLong) {
      return { status: 413, body: { error: "The body is longer than 1 MiB." } };
    }
    try {
      return { status: 200, body: run(ecs, body.toString("utf8")) };
    } catch (error) {
      if (error instanceof FaultPlanError) {
        return { status: 400, body: { error: error.message } };
      }
      throw error;
    }
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FaultPlanError("The body", [error instanceof Error ? error.message : String(error)]);
  }
}
