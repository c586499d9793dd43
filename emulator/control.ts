import { readFileSync } from "node:fs";
import type { ActionName } from "./actionNames.ts";
import { FaultPlanError, parseFaultPlan } from "./faultFile.ts";
import type { Faults } from "./faults.ts";
import type { Head, Incoming } from "./incoming.ts";
import { pageFile, version } from "./packageFiles.cjs";
import type { RequestRecord } from "./requests.ts";
import { seedCluster, SeedError, seedInstance } from "./seeding.ts";
import { shortened } from "./shortened.ts";
import type { Store } from "./store.ts";

/** An answer: a JSON body, or the page. */
export type ControlAnswer =
  { readonly status: number; readonly body: unknown } | { readonly status: 200; readonly page: string };

/** What a request does once its body is read. */
export type Control = (incoming: Incoming) => ControlAnswer;

/** The part of the emulator that other processes may see and change. */
interface Controlled {
  readonly store: Store;
  readonly regions: readonly string[];
  readonly requests: readonly RequestRecord[];
  readonly actions: readonly ActionName[];
  readonly missingActions: readonly string[];
  readonly faults: Faults;
  reset(): void;
}

/** What each request does, by method and path. Throws FaultPlanError, SeedError. */
const controls: Readonly<Record<string, (ecs: Controlled, body: string, query: string) => unknown>> = {
  "GET /_emulator/health": () => ({ status: "ok", version: version() }),
  "GET /_emulator/clusters": ({ store }) => store.clusters(),
  "POST /_emulator/clusters": ({ store, regions }, body) =>
    seedCluster(
      store,
      regions,
      parseJson(body, (problem) => new SeedError([problem])),
    ),
  "GET /_emulator/instances": ({ store }) => store.instances(),
  "POST /_emulator/instances": ({ store, regions }, body) =>
    seedInstance(
      store,
      regions,
      parseJson(body, (problem) => new SeedError([problem])),
    ),
  "GET /_emulator/requests": ({ requests }, _, query) => requests.slice(-lastOf(query)),
  "GET /_emulator/actions": ({ actions, missingActions }) => ({ actions, missingActions }),
  "GET /_emulator/faults": ({ faults }) => ({ rules: faults.active }),
  "PUT /_emulator/faults": (ecs, body) => {
    const wrong = (problem: string) => new FaultPlanError("The body", [problem]);
    const { rules, seed } = parseFaultPlan(parseJson(body, wrong), "The body");
    if (seed !== undefined) {
      throw wrong("seed: can only be set at the start");
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

const pagePath = "/_emulator/";

/**
 * Lets other processes look at the emulator and change it, below `/_emulator/`; undefined for every other path. A request that
 * is refused for its head is answered at once, without its body.
 */
export function control(ecs: Controlled, head: Head): Control | ControlAnswer | undefined {
  const { method, path, query } = head;
  if (!path.startsWith(pagePath)) {
    return undefined;
  }
  if (isForeign(head)) {
    return { status: 403, body: { error: "Requests of web pages are refused." } };
  }
  if (path === pagePath && method === "GET") {
    return { status: 200, page: readFileSync(pageFile, "utf8") };
  }
  const run = controls[`${method} ${path}`];
  if (run === undefined) {
    const known = [`GET ${pagePath}`, ...Object.keys(controls)].join(", ");
    return { status: 404, body: { error: `${method} ${shortened(path)} is not one of ${known}.` } };
  }
  return ({ body, isTooLong }) => {
    if (isTooLong) {
      return { status: 413, body: { error: "The body is longer than 1 MiB." } };
    }
    try {
      return { status: 200, body: run(ecs, body.toString("utf8"), query) };
    } catch (error) {
      if (error instanceof FaultPlanError || error instanceof SeedError) {
        return { status: 400, body: { error: error.message } };
      }
      throw error;
    }
  };
}

/**
 * Whether a web page sends the request, other than the emulator's own: no other may see or change the emulator. Browsers send an
 * Origin, except with GET, where they say that the page is of another site; and a name that a page resolves to 127.0.0.1 is a Host.
 */
function isForeign({ headers }: Head): boolean {
  const { host = "", origin, "sec-fetch-site": site = "none" } = headers;
  const isLocal = /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
  const isOwn = origin === undefined || origin === `http://${host}`;
  return !isLocal || !isOwn || (site !== "none" && site !== "same-origin");
}

/** How many requests are wanted: `last=100`. Default: all. */
function lastOf(query: string): number {
  return Number(/^last=(\d{1,9})$/.exec(query)?.[1] ?? Infinity);
}

function parseJson(text: string, wrong: (problem: string) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}
