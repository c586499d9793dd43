import { randomBytes, randomInt } from "node:crypto";

import { Accounts, type Account } from "./accounts.ts";
import { parseFaultPlan } from "./faultFile.ts";
import type { FaultPlan } from "./fault.ts";
import { Faults } from "./faults.ts";
import { Gateway } from "./gateway.ts";
import { Holds, type Hold, type HoldRequest } from "./holds.ts";
import { ClientTokens } from "./idempotency.ts";
import { randomStream } from "./random.ts";
import { defaultRegions } from "./regions.ts";
import { Requests, type RequestRecord } from "./requests.ts";
import { listen } from "./server.ts";
import { Store } from "./store.ts";

export type { AccessKey, Account, Accounts } from "./accounts.ts";
export type { ActionName } from "./action.ts";
export type { Fault, FaultKind, FaultPlan, FaultRule, FaultSelector, ListFault } from "./fault.ts";
export type { ActiveFault, Faults } from "./faults.ts";
export type { Held, Hold, HoldRequest, When } from "./holds.ts";
export type { RequestRecord } from "./requests.ts";
export type { Hidden, NewCluster, Store, StoredCluster } from "./store.ts";

/** The options of a local ECS. */
export interface EmulatorOptions {
  /** Default: 0, a free port. */
  readonly port?: number;
  /** Default: one account with one random key pair. */
  readonly accounts?: readonly Account[];
  /** Makes ids, request ids and faults repeatable. Default: random. */
  readonly seed?: number;
  readonly faults?: FaultPlan;
  /** Default: the regions of the API reference. The first is the default of `store.add`. */
  readonly regions?: readonly string[];
  /** Milliseconds since the epoch; the default is the machine's clock. */
  readonly clock?: () => number;
  /** How long a ClientToken is remembered, from its first call, in milliseconds. Default: for ever. */
  readonly tokensLastMs?: number;
  /**
   * What a ClientToken answers when its cluster was deleted: `replay`, the default, is the first answer again;
   * `mismatch` is IdempotentParameterMismatch.
   */
  readonly tokensOfDeleted?: "replay" | "mismatch";
  /** How many requests are kept at least. Default: all. */
  readonly requestLimit?: number;
  /** Called for every request that was answered or ended without an answer. */
  readonly onFinished?: (record: RequestRecord) => void;
}

/** A running local ECS. */
export interface Emulator {
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
  /** The requests of one action and one region, both optional. */
  calls(action?: string, regionId?: string): RequestRecord[];
  /** Resolves when the condition is true. It is checked at once and after every change of a request. */
  until(condition: () => boolean): Promise<void>;
  /** Stops the next matching call. */
  hold(request: HoldRequest): Hold;
  /** Forgets every ClientToken: a known one creates a new cluster. */
  forgetTokens(): void;
  /** Drops the held calls, closes every connection and frees the port. */
  close(): Promise<void>;
}

/** Starts a local ECS. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const plan = options.faults === undefined ? undefined : parseFaultPlan(options.faults, "faults");
  const seed = options.seed ?? plan?.seed ?? randomInt(2 ** 32);
  const regions = options.regions ?? defaultRegions;
  const [firstRegion] = regions;
  if (firstRegion === undefined) {
    throw new Error("The list of regions is empty.");
  }

  const accounts = new Accounts();
  const [first = { accountId: randomAccountId() }, ...others] = options.accounts ?? [];
  const key = accounts.add(first);
  for (const other of others) {
    accounts.add(other);
  }

  const store = new Store(randomStream(seed), first.accountId, firstRegion);
  const faults = new Faults(plan?.seed ?? seed);
  for (const rule of plan?.rules ?? []) {
    faults.add(rule);
  }
  const holds = new Holds();
  const tokens = new ClientTokens({
    lastMs: options.tokensLastMs ?? Number.POSITIVE_INFINITY,
    refuse: ({ HpcClusterId: id }) =>
      options.tokensOfDeleted === "mismatch" && typeof id === "string" && store.find(id) === undefined,
  });
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
    tokens,
    clock,
    random: randomStream(seed ^ 0x5bd1e995), // its own stream: otherwise ids would depend on how often clients retry
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
    forgetTokens: () => {
      tokens.forget();
    },
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
