import { randomBytes, randomInt } from "node:crypto";
import { Accounts, randomKey, type AccessKey, type Account } from "./accounts.ts";
import { actionNames, type ActionName } from "./actionNames.ts";
import { control } from "./control.ts";
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
import { readStateFile, writeStateFile } from "./stateFile.ts";
import { Store } from "./store.ts";

export type { AccessKey, Account, Accounts } from "./accounts.ts";
export type { ActionName } from "./actionNames.ts";
export type { FaultPlan, FaultRule, FaultSelector } from "./fault.ts";
export { FaultPlanError } from "./faultFile.ts";
export type { Fault, FaultKind, ListFault } from "./faultKinds.ts";
export type { ActiveFault, Faults } from "./faults.ts";
export type { Held, Hold, HoldRequest, When } from "./holds.ts";
export type { Offer, Stock } from "./offers.ts";
export type { RequestRecord } from "./requests.ts";
export { StateFileError } from "./stateFile.ts";
export type { Hidden, NewCluster, NewInstance, Store, StoredCluster, StoredInstance } from "./store.ts";

/** The options of a local ECS. */
export interface EmulatorOptions {
  /** Default: 0, a free port. */
  readonly port?: number;
  /**
   * A file that keeps clusters, instances, ClientTokens and the key of the first account. It is written after every change, and made
   * if it does not exist. Default: everything is in memory.
   */
  readonly stateFile?: string;
  /** Default: one account with one random key pair. */
  readonly accounts?: readonly Account[];
  /** Makes ids, request ids and faults repeatable. Default: random. */
  readonly seed?: number;
  /** The faults from the start, and after a reset. Default: none. */
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

/** A value of a stack's configuration, as the Automation API takes it. */
export interface StackConfigValue {
  readonly value: string;
  readonly secret?: boolean;
}

/** A running local ECS. */
export interface Emulator {
  /** `http://127.0.0.1:PORT`: the endpoint of ECS and of STS. */
  readonly endpoint: string;
  /** The id of the first account. The credentials are its first key. */
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Undefined unless the key is an STS key. */
  readonly securityToken: string | undefined;
  /** The ids of the regions. The first is the default of `stackConfig`, `environment` and `store.add`. */
  readonly regions: readonly string[];
  /**
   * The configuration that makes a stack use this service: region, credentials and endpoints. For `stack.setAllConfig` of the
   * Automation API.
   */
  readonly stackConfig: Record<string, StackConfigValue>;
  /** The environment variables that make a program use this service: region, credentials and endpoints. */
  readonly environment: Record<string, string>;
  /** The clusters and instances of all accounts and regions. */
  readonly store: Store;
  readonly accounts: Accounts;
  readonly faults: Faults;
  /** Every request, in the order of arrival. */
  readonly requests: readonly RequestRecord[];
  /** The names of the actions that this service has. */
  readonly actions: readonly ActionName[];
  /** The names of the actions that were called and that this service does not have. They answer InvalidAction.NotFound. */
  readonly missingActions: readonly string[];
  /** The requests of one action and one region, both optional. */
  calls(action?: string, regionId?: string): RequestRecord[];
  /** Resolves when the condition is true. It is checked at once and after every change of a request. */
  until(condition: () => boolean): Promise<void>;
  /** Stops the next matching call. */
  hold(request: HoldRequest): Hold;
  /** Forgets every ClientToken: a known one creates a new cluster. */
  forgetTokens(): void;
  /**
   * Returns to the state after the start: no clusters, instances, requests and ClientTokens, and the accounts and faults of the
   * options. Endpoint and credentials stay, and a state file becomes empty. Calls in progress are dropped. Get `store`, `accounts` and `faults` again after it.
   */
  reset(): void;
  /** Drops the calls in progress, closes every connection and frees the port. */
  stop(): Promise<void>;
}

/**
 * Starts a local ECS on 127.0.0.1.
 *
 * @throws if the port is in use, an option is not valid, or the state file cannot be read or written
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const plan = options.faults === undefined ? undefined : parseFaultPlan(options.faults, "faults");
  const seed = options.seed ?? plan?.seed ?? randomInt(2 ** 32);
  const regions = options.regions ?? defaultRegions;
  const [firstRegion] = regions;
  if (firstRegion === undefined) {
    throw new Error("The list of regions is empty.");
  }
  const clock = options.clock ?? Date.now;
  const { stateFile } = options;
  const kept = stateFile === undefined ? undefined : readStateFile(stateFile);
  const given = options.accounts ?? [];
  const accounts = (
    given.length === 0 ? [{ accountId: kept?.key.accountId ?? randomAccountId() }] : given
  ).map((account, index) => withKeys(account, index === 0 ? kept?.key : undefined));
  const { accountId, keys } = accounts[0]!;
  const { accessKeyId, accessKeySecret, securityToken } = keys[0]!;

  const requests = new Requests(options.requestLimit ?? Number.POSITIVE_INFINITY);
  const missingActions = new Set<string>();

  let isSaving = false;
  /** Writes the state file when the change is complete: the ClientToken is kept after the cluster, in the same turn. */
  const save = (): void => {
    if (stateFile === undefined || isSaving) {
      return;
    }
    isSaving = true;
    queueMicrotask(() => {
      isSaving = false;
      saveNow();
    });
  };
  const saveNow = (): void => {
    if (stateFile !== undefined) {
      const { store, tokens } = state;
      const key = { accountId, accessKeyId, accessKeySecret };
      writeStateFile(stateFile, { version: 1, key, store: store.content, tokens: tokens.used });
    }
  };

  /** Everything that a reset replaces. */
  const begin = () => {
    const store = new Store(randomStream(seed), accountId, firstRegion, save);
    const state = {
      accounts: new Accounts(),
      store,
      faults: new Faults(plan?.seed ?? seed),
      holds: new Holds(),
      tokens: new ClientTokens({
        lastMs: options.tokensLastMs ?? Number.POSITIVE_INFINITY,
        refuse: ({ HpcClusterId: id }) =>
          options.tokensOfDeleted === "mismatch" && typeof id === "string" && store.find(id) === undefined,
      }),
      ending: new AbortController(),
    };
    for (const account of accounts) {
      state.accounts.add(account);
    }
    for (const rule of plan?.rules ?? []) {
      state.faults.add(rule);
    }
    const gateway = new Gateway({
      ...{ ...state, regions, requests, clock },
      random: randomStream(seed ^ 0x5bd1e995), // its own stream: otherwise ids would depend on how often clients retry
      closing: state.ending.signal,
    });
    return { ...state, gateway };
  };
  let state = begin();
  if (kept !== undefined) {
    state.store.load(kept.store);
    state.tokens.load(kept.tokens);
  }
  saveNow();
  const end = (): void => {
    state.ending.abort();
    state.holds.close();
  };

  const server = await listen(
    {
      serve: (incoming) => state.gateway.serve(incoming),
      control: (head) => control(emulator, head),
      finish: (record, change) => {
        requests.update(record, { ...change, finishedAt: clock() });
        if (record.code === "InvalidAction.NotFound" && !actionNames.some((name) => name === record.action)) {
          missingActions.add(record.action);
        }
        options.onFinished?.(record);
      },
    },
    options.port ?? 0,
  );
  const endpoint = `http://127.0.0.1:${server.port}`;

  const emulator: Emulator = {
    ...{ endpoint, accountId, accessKeyId, accessKeySecret, securityToken, regions },
    stackConfig: {
      "alicloud:region": { value: firstRegion },
      "alicloud:accessKey": { value: accessKeyId, secret: true },
      "alicloud:secretKey": { value: accessKeySecret, secret: true },
      ...(securityToken === undefined
        ? {}
        : { "alicloud:securityToken": { value: securityToken, secret: true } }),
      "alicloud:endpoints": { value: JSON.stringify([{ ecs: endpoint, sts: endpoint }]) },
    },
    environment: {
      // Pulumi's and Terraform's providers read the first names first, the vendor's tools only the second ones.
      ALICLOUD_REGION: firstRegion,
      ALICLOUD_ACCESS_KEY: accessKeyId,
      ALICLOUD_SECRET_KEY: accessKeySecret,
      ALICLOUD_SECURITY_TOKEN: securityToken ?? "",
      ALIBABA_CLOUD_REGION: firstRegion,
      ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
      ALIBABA_CLOUD_SECURITY_TOKEN: securityToken ?? "",
      ALIBABA_CLOUD_ENDPOINT_ECS: endpoint,
      ALIBABA_CLOUD_ENDPOINT_STS: endpoint,
    },
    actions: actionNames,
    get store() {
      return state.store;
    },
    get accounts() {
      return state.accounts;
    },
    get faults() {
      return state.faults;
    },
    requests: requests.records,
    get missingActions() {
      return [...missingActions];
    },
    calls: (action, regionId) => requests.calls(action, regionId),
    until: (condition) => requests.until(condition),
    hold: (request) => state.holds.add(request),
    forgetTokens: () => {
      state.tokens.forget();
      save();
    },
    reset: () => {
      end();
      server.dropCalls();
      requests.clear();
      missingActions.clear();
      state = begin();
      save();
    },
    stop: async () => {
      end();
      await server.close();
    },
  };
  return emulator;
}

/** The account with its keys: the one of the state file or a random one if none is given. */
function withKeys(
  account: Account,
  kept: (AccessKey & { readonly accountId: string }) | undefined,
): Account & { readonly keys: readonly AccessKey[] } {
  if (account.keys?.length) {
    return { ...account, keys: account.keys };
  }
  if (kept?.accountId === account.accountId) {
    const { accessKeyId, accessKeySecret } = kept;
    return { ...account, keys: [{ accessKeyId, accessKeySecret }] };
  }
  return { ...account, keys: [randomKey()] };
}

function randomAccountId(): string {
  return `1${(randomBytes(6).readUIntBE(0, 6) % 1e15).toString().padStart(15, "0")}`;
}
