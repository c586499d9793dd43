import { setTimeout as pause } from "node:timers/promises";
import { checkSecurityToken, type Accounts } from "./accounts.ts";
import type { Action, Call } from "./action.ts";
import type { ActionName } from "./actionNames.ts";
import { findAction } from "./actions.ts";
import { failure, success, type Body, type Format } from "./answer.ts";
import { checkSignature, checkTimestamp, Nonces, signedPartOf } from "./authentication.ts";
import { answerOf, type AnsweredRequest } from "./faultAnswers.ts";
import { faultOf } from "./fault.ts";
import type { AnswerFault, ServiceFault } from "./faultKinds.ts";
import type { Faults } from "./faults.ts";
import type { Delivery } from "./delivery.ts";
import { Dropped, type Holds, type When } from "./holds.ts";
import type { ClientTokens } from "./idempotency.ts";
import {
  actionOf,
  businessParameters,
  formatOf,
  idsIn,
  idsOf,
  isV3,
  parametersOf,
  recordedParameters,
  type Incoming,
  type IncomingParameters,
} from "./incoming.ts";
import { Refusal, refusal } from "./refusal.ts";
import type { RequestRecord, Requests, RequestUpdate } from "./requests.ts";
import { clientTokenOf } from "./rules.ts";
import { shortened } from "./shortened.ts";
import type { Store } from "./store.ts";

/** What the gateway works with. */
export interface GatewayParts {
  readonly accounts: Accounts;
  readonly store: Store;
  readonly regions: readonly string[];
  readonly faults: Faults;
  readonly holds: Holds;
  readonly requests: Requests;
  readonly tokens: ClientTokens;
  readonly clock: () => number;
  readonly random: () => number;
  /** Aborted when the service is stopped or reset, which ends every pause. */
  readonly closing: AbortSignal;
}

interface Arrived {
  readonly incoming: Incoming;
  readonly parameters: IncomingParameters;
  readonly record: RequestRecord;
  readonly format: Format;
}

/**
 * The service behind the socket. The numbered steps below are the order of its checks, which is written nowhere else: a
 * request with several mistakes is refused for the first.
 */
export class Gateway {
  private readonly parts: GatewayParts;
  private readonly nonces = new Nonces();

  constructor(parts: GatewayParts) {
    this.parts = parts;
  }

  /** Serves one request. The record is still open: the delivery finishes it. */
  async serve(incoming: Incoming): Promise<{ readonly delivery: Delivery; readonly record: RequestRecord }> {
    const requestId = upperCaseUuid(this.parts.random);
    let parameters: IncomingParameters = { query: {}, all: {} };
    let format: Format = "XML";
    let unreadable: Refusal | undefined;
    try {
      // 1. The request can be decoded: Invalid.Parameter, InvalidParameter.Format, RequestBodyTooLarge.
      parameters = parametersOf(incoming);
      format = formatOf(incoming, parameters.all);
      if (incoming.isTooLong) {
        throw refusal("RequestBodyTooLarge");
      }
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
      unreadable = error; // thrown again below, when the request is recorded
    }
    const record: RequestRecord = {
      requestId,
      action: shortened(actionOf(incoming, parameters.all).action ?? ""),
      regionId: parameters.all.RegionId && shortened(parameters.all.RegionId),
      params: recordedParameters(parameters.all),
      ids: idsOf(parameters.all),
      accountId: undefined,
      status: undefined,
      code: undefined,
      startedAt: this.parts.clock(),
      finishedAt: undefined,
      fault: undefined,
      committed: false,
    };
    this.parts.requests.begin(record);
    const arrived: Arrived = { incoming, parameters, record, format };
    try {
      if (unreadable !== undefined) {
        throw unreadable;
      }
      return { delivery: await this.answer(arrived), record };
    } catch (error) {
      if (error instanceof Dropped) {
        this.note(record, { fault: "drop" });
        return { delivery: { kind: "destroy" }, record };
      }
      if (error instanceof Refusal) {
        return { delivery: refused(arrived, error, []), record };
      }
      throw error;
    }
  }

  private async answer(arrived: Arrived): Promise<Delivery> {
    const { incoming, parameters, record } = arrived;
    const { accounts, faults } = this.parts;

    // 2. Method and path of the RPC style.
    if (incoming.method !== "GET" && incoming.method !== "POST") {
      throw refusal("UnsupportedHTTPMethod");
    }
    if (incoming.path !== "/") {
      throw refusal("InvalidAction.NotFound");
    }

    // 3. The version has this action: MissingAction, MissingVersion, InvalidVersion, InvalidAction.NotFound.
    const requested = actionOf(incoming, parameters.all);
    const action = findAction(requested.action, requested.version);

    // Faults that apply before the caller is checked: latency, clockSkew, expiredToken.
    const early = faults.onArrival(action.name, record.regionId, carriesToken(arrived));
    if (early.kind !== undefined) {
      this.note(record, { fault: early.kind });
    }
    await this.pause(early.latencyMs);
    const now = (): number => this.parts.clock() + early.skewMs;

    // 4. The signature is complete: Missing{Param}, IncompleteSignature.
    const signed = signedPartOf(incoming, parameters);
    // 5. The timestamp is valid: InvalidTimeStamp.Format, .Expired.
    checkTimestamp(signed.timestamp, now());
    // 6. The key exists and is active: InvalidAccessKeyId.NotFound, .Inactive.
    const { key, accountId } = accounts.keyFor(signed.accessKeyId);
    // 7. The security token is the key's: MissingSecurityToken, InvalidSecurityToken.MismatchWithAccessKey, .Malformed,
    // .Expired.
    checkSecurityToken(key, signed.securityToken, now());
    if (early.expiredToken) {
      throw refusal("InvalidSecurityToken.Expired");
    }
    // 8. The signature is correct: SignatureDoesNotMatch.
    checkSignature(signed, key.accessKeySecret);
    // 9. The nonce is new: SignatureNonceUsed.
    this.nonces.use(signed, now());
    this.note(record, { accountId });
    // 10. The account may call this action: Forbidden.RAM.
    accounts.checkPermission(accountId, action.name);

    // 11. Throttling, and every other fault that answers instead of the service.
    const drawn = faults.onService(action.name, record.regionId, accountId, now());
    if (drawn.kind !== undefined) {
      this.note(record, { fault: drawn.kind });
    }
    if (drawn.answer !== undefined && !isAfterCommit(drawn.answer)) {
      await this.pause(delayOf(drawn.others, "beforeCommit"));
      return answerOf(drawn.answer, answered(arrived));
    }

    // 12. to 15.
    const { store, regions } = this.parts;
    const delivery = await this.work(arrived, action, {
      accountId,
      accessKeyId: key.accessKeyId,
      isTemporary: key.securityToken !== undefined,
      parameters: parameters.all,
      store,
      regions,
      now,
      faults: drawn.others,
    });
    return drawn.answer === undefined ? delivery : answerOf(drawn.answer, answered(arrived));
  }

  private async work(arrived: Arrived, action: Action, call: Call): Promise<Delivery> {
    const { requestId } = arrived.record;
    try {
      const body = await this.run(arrived.record, action, call);
      const reply = success(arrived.format, action.name, requestId, contentOf(requestId, body, call.faults));
      return { kind: "reply", reply, faults: call.faults };
    } catch (error) {
      if (error instanceof Refusal) {
        return refused(arrived, error, call.faults);
      }
      throw error;
    }
  }

  private async run(record: RequestRecord, action: Action, call: Call): Promise<Body> {
    const { holds, tokens } = this.parts;

    // 12. The action's own parameters, the region first. The action's file has the order of the others.
    const commit = action.prepare(call);
    const token = clientTokenOf(call.parameters);
    // 13. The client token: IdempotentParameterMismatch, IdempotentProcessing, or the first answer again.
    const scope = [call.accountId, record.regionId ?? "", action.name];
    const reservation =
      token === undefined || !action.changes
        ? undefined
        : tokens.reserve(scope, token, businessParameters(call.parameters), call.now());
    let body: Body;
    try {
      await this.pause(delayOf(call.faults, "beforeCommit"));
      await holds.stop(action.name, "beforeCommit", record.regionId, heldAt(record, action.name, undefined));
      // 14. The cluster exists and is empty. Then the change.
      body = reservation?.earlier ?? commit();
    } catch (error) {
      reservation?.giveUp(); // nothing was changed, so the token can be used again
      throw error;
    }
    if (reservation?.earlier === undefined) {
      reservation?.keep(body);
      this.note(record, { committed: action.changes });
    }
    if (action.changes) {
      this.note(record, { ids: [...new Set([...record.ids, ...idsIn(JSON.stringify(body))])] });
    }
    // 15. The answer.
    await this.pause(delayOf(call.faults, "afterCommit"));
    await holds.stop(action.name, "afterCommit", record.regionId, heldAt(record, action.name, body));
    return body;
  }

  private note(record: RequestRecord, change: RequestUpdate): void {
    this.parts.requests.update(record, change);
  }

  private async pause(ms: number): Promise<void> {
    if (ms > 0) {
      await pause(ms, undefined, { signal: this.parts.closing }).catch(() => {
        throw new Dropped(); // the service is stopped or reset
      });
    }
  }
}

function contentOf(requestId: string, body: Body, faults: readonly ServiceFault[]): Body {
  const { HpcClusterId: id } = body;
  return {
    ...(faultOf(faults, "noRequestId") === undefined ? { RequestId: requestId } : {}),
    ...body,
    // Only in the answer: what is remembered with the ClientToken is the stored id.
    ...(typeof id === "string" && faultOf(faults, "upperCaseIds") !== undefined
      ? { HpcClusterId: id.toUpperCase() }
      : {}),
  };
}

function answered({ incoming, record, format }: Arrived): AnsweredRequest {
  return { requestId: record.requestId, format, hostId: incoming.headers["host"] ?? "" };
}

function refused(arrived: Arrived, error: Refusal, faults: readonly ServiceFault[]): Delivery {
  const { requestId, format, hostId } = answered(arrived);
  return { kind: "reply", reply: failure(format, requestId, hostId, error), faults };
}

function isAfterCommit(fault: AnswerFault): boolean {
  return "when" in fault && fault.when === "afterCommit";
}

function delayOf(faults: readonly ServiceFault[], when: When): number {
  return faults.reduce(
    (ms, fault) => (fault.kind === "delay" && (fault.when ?? "beforeCommit") === when ? ms + fault.ms : ms),
    0,
  );
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
