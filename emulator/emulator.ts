import { randomBytes, randomInt } from "node:crypto";

import { Accounts, type Account } from "./accounts.ts";
import { parseFaultPlan } from "./faultFile.ts";
import { Faults, type FaultPlan } from "./faults.ts";
import { Gateway } from "./gateway.ts";
import { Holds, type Hold, type HoldRequest } from "./holds.ts";
import { randomStream } from "./random.ts";
import { defaultRegions } from "./regions.ts";
import { Requests, type RequestRecord } from "./requests.ts";
import { listen } from "./server.ts";
import { Store } from "./store.ts";

export type { AccessKey, Account, Accounts } from "./accounts.ts";
export type { ActionName } from "./action.ts";
export type { ActiveFault, Fault, FaultKind, FaultPlan, FaultRule, Faults, FaultSelector } from "./faults.ts";
export type { Held, Hold, HoldRequest, When } from "./holds.ts";
export type { RequestRecord } from "./requests.ts";
export type { Hidden, NewCluster, Store, StoredCluster } from "./store.ts";

/** Everything about a local ECS that can be chosen. */
export type EmulatorOptions = {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Default: one account with one random key pair. */
  readonly accounts?: readonly Account[];
  /** Decides ids, request ids and the draws of the faults. Random by default. */
  readonly seed?: number;
  readonly faults?: FaultPlan;
  /** Default: the regions of the reference. The first is the default of `store.add`. */
  readonly regions?: readonly string[];
  /** Milliseconds since the epoch; the default is the machine's clock. */
  readonly clock?: () => number;
  /** How many requests are remembered at least; all by default. */
  readonly requestLimit?: number;
  /** Told of every request that has been answered, or has come to its end without an answer. */
  readonly onFinished?: (record: RequestRecord) => void;
};

/** A running local ECS. */
export type Emulator = {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** The first account, its first key. */
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken: string | undefined;
  readonly regions: readonly string[];
  readonly store: Store;
  readonly accounts: Accounts;
  readonly faults: Faults;
  /** Every request, in the order of arrival. */
  readonly requests: readonly RequestRecord[];
  /** Those of one action and one region, both optional. */
  calls(action?: string, regionId?: string): RequestRecord[];
  /** Settles when the condition holds; it is asked at once and after every change of any request. */
  until(condition: () => boolean): Promise<void>;
  /** Stops the next call that matches. */
  hold(request: HoldRequest): Hold;
  /** Drops what is held, destroys every connection and frees the port. */
  close(): Promise<void>;
};

/** Starts a local ECS. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const plan = options.faults === undefined ? undefined : parseFaultPlan(options.faults, "faults");
  const seed = options.seed ?? plan?.seed ?? randomInt(2 ** 32);
  const regions = options.regions ?? defaultRegions;
  const [firstRegion] = regions;
  if (firstRegion === undefined) throw new Error("A service needs a region.");

  const accounts = new Accounts();
  const [first = { accountId: randomAccountId() }, ...others] = options.accounts ?? [];
  const key = accounts.add(first);
  for (const other of others) accounts.add(other);

  const store = new Store(randomStream(seed), first.accountId, firstRegion);
  const faults = new Faults(plan?.seed ?? seed);
  for (const rule of plan?.rules ?? []) faults.add(rule);
  const holds = new Holds();
  const requests = new Requests(options.requestLimit ?? Number.POSITIVE_INFINITY);
  const clock = options.clock ?? Date.now;
  const closing = new AbortController();
  const gateway = new Gateway({
    accounts,
    store,
    regions,
    faults,
    holds,
    requests,
    clock,
    random: randomStream(seed ^ 0x5bd1e995), // its own stream, or the ids would depend on how often clients retry
    closing: closing.signal,
  });
  const server = await listen(gateway, options.port ?? 0, closing.signal, (record, change) => {
    requests.update(record, { ...change, finishedAt: clock() });
    options.onFinished?.(record);
  });

  return {
    endpoint: `http://127.0.0.1:${server.port}`,
    accountId: first.accountId,
    accessKeyId: key.accessKeyId,
    accessKeySecret: key.accessKeySecret,
    securityToken: key.securityToken,
    regions,
    store,
    accounts,
    faults,
    requests: requests.records,
    calls: (action, regionId) => requests.calls(action, regionId),
    until: (condition) => requests.until(condition),
    hold: (request) => holds.add(request),
    close: async () => {
      closing.abort();
      holds.close();
      await server.close();
    },
  };
}

function randomAccountId(): string {
  return `1${(randomBytes(6).readUIntBE(0, 6) % 1e15).toString().padStart(15, "0")}`;
}
