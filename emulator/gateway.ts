import { setTimeout as pause } from "node:timers/promises";

import { checkSecurityToken, type Accounts } from "./accounts.ts";
import type { Action, ActionName } from "./action.ts";
import { createHpcCluster } from "./actions/createHpcCluster.ts";
import { deleteHpcCluster } from "./actions/deleteHpcCluster.ts";
import { describeHpcClusters } from "./actions/describeHpcClusters.ts";
import { describeRegions } from "./actions/describeRegions.ts";
import { modifyHpcClusterAttribute } from "./actions/modifyHpcClusterAttribute.ts";
import { failure, success, type Body, type Format, type Reply } from "./answer.ts";
import { checkSignature, checkTimestamp, Nonces, signedPartOf } from "./authentication.ts";
import type { Ending, Faults, ServiceFaults } from "./faults.ts";
import { Dropped, type Holds } from "./holds.ts";
import { ClientTokens } from "./idempotency.ts";
import {
  actionOf,
  businessParameters,
  formatOf,
  isV3,
  parametersOf,
  type Incoming,
  type IncomingParameters,
} from "./incoming.ts";
import { missingCommonParameter, Refusal, refusal } from "./refusal.ts";
import type { RequestRecord, Requests, RequestUpdate } from "./requests.ts";
import { clientTokenOf } from "./rules.ts";
import type { Store } from "./store.ts";

/** How a request ends: with a reply, or with what happens to its connection instead. */
export type Delivery =
  | { readonly kind: "reply"; readonly reply: Reply; readonly drip: ServiceFaults["drip"] }
  | { readonly kind: "reset" }
  | { readonly kind: "destroy" }
  | { readonly kind: "silence" };

/** Everything that the gateway needs to know. */
export type GatewayParts = {
  readonly accounts: Accounts;
  readonly store: Store;
  readonly regions: readonly string[];
  readonly faults: Faults;
  readonly holds: Holds;
  readonly requests: Requests;
  readonly clock: () => number;
  readonly random: () => number;
  /** Aborted when the service closes: ends every pause. */
  readonly closing: AbortSignal;
};

const version = "2014-05-26";

const actions: ReadonlyMap<string, Action> = new Map(
  [createHpcCluster, describeHpcClusters, modifyHpcClusterAttribute, deleteHpcCluster, describeRegions].map(
    (action) => [action.name, action],
  ),
);

type Arrived = {
  readonly incoming: Incoming;
  readonly parameters: IncomingParameters;
  readonly record: RequestRecord;
  readonly format: Format;
};

/**
 * The service behind the socket. The order of its checks is that of the numbered steps below, and nowhere else:
 * a request with several faults is refused for the first.
 */
export class Gateway {
  readonly #parts: GatewayParts;
  readonly #nonces = new Nonces();
  readonly #tokens = new ClientTokens();

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  /** Serves one request up to its delivery. The record it returns is still open: the socket finishes it. */
  async serve(incoming: Incoming): Promise<{ readonly delivery: Delivery; readonly record: RequestRecord }> {
    const requestId = upperCaseUuid(this.#parts.random);
    let parameters: IncomingParameters = { query: {}, all: {} };
    let format: Format = "XML";
    let unreadable: Refusal | undefined;
    try {
      // 1. The request can be read at all: Invalid.Parameter, InvalidParameter.Format.
      parameters = parametersOf(incoming);
      format = formatOf(incoming, parameters.all);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      unreadable = error; // thrown again below, once the request is on record
    }
    const record: RequestRecord = {
      requestId,
      action: actionOf(incoming, parameters.all).action ?? "",
      regionId: parameters.all.RegionId,
      params: businessParameters(parameters.all),
      accountId: undefined,
      status: undefined,
      code: undefined,
      startedAt: this.#parts.clock(),
      finishedAt: undefined,
      fault: undefined,
      committed: false,
    };
    this.#parts.requests.begin(record);
    const arrived: Arrived = { incoming, parameters, record, format };
    try {
      if (unreadable !== undefined) throw unreadable;
      return { delivery: await this.#answer(arrived), record };
    } catch (error) {
      if (error instanceof Dropped) {
        this.#note(record, { fault: "drop" });
        return { delivery: { kind: "destroy" }, record };
      }
      if (error instanceof Refusal) return { delivery: this.#refuse(arrived, error, undefined), record };
      throw error;
    }
  }

  async #answer(arrived: Arrived): Promise<Delivery> {
    const { incoming, parameters, record } = arrived;
    const { accounts, faults } = this.#parts;

    // 2. Method and path of the RPC style.
    if (incoming.method !== "GET" && incoming.method !== "POST") throw refusal("UnsupportedHTTPMethod");
    if (incoming.path !== "/") throw refusal("InvalidAction.NotFound");

    // 3. There is such an action in this version: MissingAction, MissingVersion, InvalidVersion, InvalidAction.NotFound.
    const asked = actionOf(incoming, parameters.all);
    if (asked.action === undefined || asked.action === "") throw missingCommonParameter("Action");
    if (asked.version === undefined || asked.version === "") throw missingCommonParameter("Version");
    if (asked.version !== version) throw refusal("InvalidVersion");
    const action = actions.get(asked.action);
    if (action === undefined) throw refusal("InvalidAction.NotFound");

    // (Faults that come before any check of the sender: latency, a wrong clock, an expired token.)
    const hasToken = carriesToken(arrived);
    const early = faults.onArrival(action.name, record.regionId, hasToken);
    if (early.kind !== undefined) this.#note(record, { fault: early.kind });
    await this.#pause(early.latencyMs);
    const now = (): number => this.#parts.clock() + early.skewMs;

    // 4. The signature is complete: Missing{Param}, IncompleteSignature.
    const signed = signedPartOf(incoming, parameters);
    // 5. Its time: InvalidTimeStamp.Format, .Expired.
    checkTimestamp(signed.timestamp, now());
    // 6. Its key: InvalidAccessKeyId.NotFound, .Inactive.
    const { key, accountId } = accounts.keyFor(signed.accessKeyId);
    // 7. Its security token: MissingSecurityToken, InvalidSecurityToken.MismatchWithAccessKey, .Malformed, .Expired.
    checkSecurityToken(key, signed.securityToken, now());
    if (early.expiredToken) throw refusal("InvalidSecurityToken.Expired");
    // 8. The signature itself: SignatureDoesNotMatch.
    checkSignature(signed, key.accessKeySecret);
    // 9. It is no replay: SignatureNonceUsed.
    this.#nonces.use(signed, now());
    this.#note(record, { accountId });
    // 10. The account may do this: Forbidden.RAM.
    accounts.checkPermission(accountId, action.name);

    // 11. Throttling, and the other faults of a service that has let the call in.
    const late = faults.onService(action.name, record.regionId, accountId, now());
    if (late.kind !== undefined) this.#note(record, { fault: late.kind });
    const { ending } = late;
    if (ending !== undefined && !isAfterCommit(ending)) {
      await this.#pause(late.delayMs.beforeCommit);
      return this.#end(arrived, ending);
    }

    // 12. to 15.
    let delivery: Delivery;
    try {
      const body = await this.#work(arrived, action, accountId, now, late);
      const reply = success(arrived.format, action.name, record.requestId, body);
      delivery = { kind: "reply", reply, drip: late.drip };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      delivery = this.#refuse(arrived, error, late.drip);
    }
    return ending === undefined ? delivery : this.#end(arrived, ending);
  }

  async #work(
    arrived: Arrived,
    action: Action,
    accountId: string,
    now: () => number,
    faults: ServiceFaults,
  ): Promise<Body> {
    const { record } = arrived;
    const { store, regions, holds } = this.#parts;
    const hidden = {
      ...(faults.hidden.ms === undefined ? {} : { untilTime: now() + faults.hidden.ms }),
      ...(faults.hidden.describes === undefined ? {} : { describes: faults.hidden.describes }),
    };
    const parameters = arrived.parameters.all;

    // 12. The action's own values, the region first; the order of the others is that of the action's file.
    const commit = action.prepare({ accountId, parameters, store, regions, now, hidden });
    const token = clientTokenOf(parameters);
    // 13. The client token: IdempotentParameterMismatch, IdempotentProcessing, or the first answer again.
    const reservation =
      token === undefined || !action.changes
        ? undefined
        : this.#tokens.reserve([accountId, record.regionId ?? "", action.name], token, record.params);
    let body: Body;
    try {
      await this.#pause(faults.delayMs.beforeCommit);
      await holds.stop(action.name, "beforeCommit", record.regionId, heldAt(record, action.name, undefined));
      // 14. What is stored: the cluster exists, it is empty. Then the change.
      body = reservation?.earlier ?? commit();
    } catch (error) {
      reservation?.giveUp(); // nothing was done, so the token is free for another attempt
      throw error;
    }
    if (reservation?.earlier === undefined) {
      reservation?.keep(body);
      this.#note(record, { committed: action.changes });
    }
    // 15. The answer.
    await this.#pause(faults.delayMs.afterCommit);
    await holds.stop(action.name, "afterCommit", record.regionId, heldAt(record, action.name, body));
    return body;
  }

  #end(arrived: Arrived, ending: Ending): Delivery {
    const refused = (error: Refusal): Delivery => this.#refuse(arrived, error, undefined);
    const raw = (status: number, type: string | undefined, body: string): Delivery => ({
      kind: "reply",
      reply: { status, headers: type === undefined ? {} : { "content-type": type }, body },
      drip: undefined,
    });
    switch (ending.kind) {
      case "throttling": {
        const { status, code, message } = refusal(ending.code ?? "Throttling.User");
        return refused(new Refusal(ending.status ?? status, code, message, ending.retryAfterMs));
      }
      case "internalError":
        return refused(refusal("InternalError"));
      case "serviceUnavailable":
        return refused(refusal("ServiceUnavailable"));
      case "error":
        return refused(new Refusal(ending.status, ending.code, ending.message, ending.retryAfterMs));
      case "xmlError": {
        const { status, code, message } = refusal("ServiceUnavailable");
        return this.#refuse(
          { ...arrived, format: "XML" },
          new Refusal(ending.status ?? status, ending.code ?? code, ending.message ?? message),
          undefined,
        );
      }
      case "codeless500":
        return raw(
          500,
          "application/json;charset=utf-8",
          JSON.stringify({ RequestId: arrived.record.requestId, Message: "Internal Server Error" }),
        );
      case "badGateway":
        return raw(
          502,
          "text/html",
          "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n",
        );
      case "empty503":
        return raw(503, undefined, "");
      case "reset":
        return { kind: "reset" };
      case "noAnswer":
        return { kind: "silence" };
    }
  }

  #refuse(arrived: Arrived, refused: Refusal, drip: ServiceFaults["drip"]): Delivery {
    const hostId = arrived.incoming.headers["host"] ?? "";
    return {
      kind: "reply",
      reply: failure(arrived.format, arrived.record.requestId, hostId, refused),
      drip,
    };
  }

  #note(record: RequestRecord, change: RequestUpdate): void {
    this.#parts.requests.update(record, change);
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await pause(ms, undefined, { signal: this.#parts.closing });
  }
}

function isAfterCommit(ending: Ending): boolean {
  return "when" in ending && ending.when === "afterCommit";
}

function carriesToken({ incoming, parameters }: Arrived): boolean {
  return isV3(incoming)
    ? incoming.headers["x-acs-security-token"] !== undefined
    : parameters.all.SecurityToken !== undefined;
}

function heldAt(record: RequestRecord, action: ActionName, body: Body | undefined) {
  const hpcClusterId = action === "CreateHpcCluster" ? body?.HpcClusterId : record.params.HpcClusterId;
  return typeof hpcClusterId === "string"
    ? { requestId: record.requestId, hpcClusterId }
    : { requestId: record.requestId };
}

function upperCaseUuid(random: () => number): string {
  return "XXXXXXXX-XXXX-4XXX-YXXX-XXXXXXXXXXXX".replace(/[XY]/g, (place) => {
    const digit = Math.floor(random() * 16);
    return (place === "X" ? digit : (digit & 3) | 8).toString(16).toUpperCase();
  });
}
