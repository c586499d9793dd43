/** What is known about one failed call of the ECS API. */
export interface EcsFailure {
  /** The API action, e.g. `CreateHpcCluster`. */
  action: string;
  /** The region that was called. */
  regionId: string;
  /** The service's error code; without an answer, Node's code (`ECONNRESET`) or one of the transport (errorCodes.ts). */
  code: string;
  /** The service's message, without secrets. */
  serviceMessage: string;
  /** The HTTP status, if there was an answer. */
  status?: number | undefined;
  requestId?: string | undefined;
  /** How long the service asks to wait before the next call, milliseconds (header `x-acs-retry-after`). */
  retryAfterMs?: number | undefined;
  /** There was no readable answer of the service: it is not known whether the request was carried out. */
  transport?: boolean | undefined;
  /** Where the credentials came from; part of the message if they were refused. */
  credentialSource?: string | undefined;
}

/** What an error code means. Everything that depends on a code is derived from these rows. */
export interface ErrorCode {
  /** The input property that the code is about. */
  readonly property?: string;
  /** What the user can do; part of every message. A configuration key is `{config:<key>}` (`adviceIn`). */
  readonly advice?: string;
  /** The cluster does not exist. `possibly`: the service is not sure, so look again. */
  readonly gone?: "certainly" | "possibly";
  /**
   * What the service refused, where it was not the request's values: `credentials` makes preview fail, `permission` is only a
   * warning there, `ids` makes a shared read repeat each id alone, `token` makes create try the next ClientToken, `deletion` makes delete name the instances.
   */
  readonly refused?: "credentials" | "permission" | "ids" | "token" | "deletion";
  /** The same call may succeed later. */
  readonly transient?: true;
  /** The service wants fewer calls, but takes some all the time. Implies `transient`. */
  readonly throttled?: true;
}

const deletedOutsidePulumi = {
  property: "id",
  advice: "The cluster has been deleted outside Pulumi: run `pulumi refresh`, then `pulumi up`.",
} as const;

/** Codes that the service returns (CreateHpcCluster and its family, version 2014-05-26, and the gateway before them). */
export const errorCodes = {
  "InvalidHpcClusterName.Malformed": {
    property: "name",
    advice:
      "Change `name`: 2 to 128 characters, a letter or Chinese character first, then letters, Chinese characters, digits, `.`, `_` or `-`.",
  },
  "InvalidHpcClusterDescription.Malformed": {
    property: "description",
    advice: "Change `description`: 2 to 256 characters, not starting with http:// or https://.",
  },
  "InvalidRegionId.NotFound": {
    property: "regionId",
    advice:
      "Change `regionId` (or the setting {config:region}) to a region in which HPC clusters are offered.",
  },
  "Invalid.Parameter": {
    advice: "Check `name`, `description` and `regionId` against the service's rules for them.",
    refused: "ids",
  },
  InternalError: {
    advice:
      "The service failed: run the same command again. If it fails again, give the request id to its support.",
    transient: true,
  },
  "InvalidHpcClusterIds.ExceedLimit": {
    advice: "One call can ask for at most 100 ids.",
    refused: "ids",
  },
  "InvalidHpcClusterIds.Malformed": {
    property: "id",
    advice: "Ids look like hpc-…; check the id.",
    refused: "ids",
  },
  InvalidModifyInfo: { advice: "The change contains neither a name nor a description." },
  HPC_CLUSTER_MODIFY_FAILED: {
    property: "id",
    advice: "The cluster may have been deleted outside Pulumi: run `pulumi refresh`, then `pulumi up`.",
    gone: "possibly",
  },
  HpcClusterNotExists: { ...deletedOutsidePulumi, gone: "certainly" },
  "NotExists.HpcCluster": { ...deletedOutsidePulumi, gone: "certainly" },
  "NotEmpty.HpcCluster": {
    property: "id",
    advice:
      "The cluster still contains instances, and the service deletes only empty clusters: release its instances, " +
      "then run the same command again. Nothing has been deleted.",
    refused: "deletion",
  },
  IdempotentParameterMismatch: {
    property: "clientToken",
    advice:
      "The ClientToken was already used with other values: give `clientToken` a new value, or remove it.",
    refused: "token",
  },
  IdempotentProcessing: {
    property: "clientToken",
    advice:
      "An earlier call with this ClientToken is still running: run the same command again in a few minutes.",
    transient: true,
  },
  "Forbidden.RAM": {
    advice: "The account may not call this action: grant ecs:{action} to it.",
    refused: "permission",
  },
  SignatureDoesNotMatch: {
    advice: "The access key secret does not belong to this access key id.",
    refused: "credentials",
  },
  IncompleteSignature: {
    advice: "The signature did not arrive complete; a proxy may have changed the request.",
    refused: "credentials",
  },
  "InvalidTimeStamp.Expired": {
    advice: "This machine's clock differs from the service's by more than 15 minutes: set the clock.",
  },
  "InvalidTimeStamp.Format": {
    advice: "The timestamp did not arrive as it was sent; a proxy may have changed the request.",
  },
  SignatureNonceUsed: { advice: "The same request arrived twice; a proxy may be repeating requests." },
  "InvalidAccessKeyId.NotFound": {
    advice: "The access key does not exist, or no longer exists: check or replace it.",
    refused: "credentials",
  },
  "InvalidAccessKeyId.Inactive": {
    advice: "The access key is disabled: enable it in RAM, or use another.",
    refused: "credentials",
  },
  "InvalidSecurityToken.Expired": {
    advice: "The STS token has expired: get new temporary credentials.",
    refused: "credentials",
  },
  "InvalidSecurityToken.MismatchWithAccessKey": {
    advice:
      "The STS token does not belong to this access key: remove {config:securityToken} (ALICLOUD_SECURITY_TOKEN, …), " +
      "or get new temporary credentials.",
    refused: "credentials",
  },
  "InvalidSecurityToken.Malformed": {
    advice:
      "The STS token is not valid, or does not belong to this access key: get new temporary credentials.",
    refused: "credentials",
  },
  ServiceUnavailable: {
    advice: "The service is overloaded or down: run the same command again in a few minutes.",
    transient: true,
  },
  SystemBusy: {
    advice: "The service is busy: run the same command again in a few minutes.",
    transient: true,
  },
} as const satisfies Record<string, ErrorCode>;

/** Service codes of which only a part is fixed; the first match counts. */
export const errorCodePatterns: readonly { pattern: RegExp; row: ErrorCode }[] = [
  {
    pattern: /Throttling/,
    row: {
      advice:
        "Too many calls in this account and region: run the same command again in a few minutes, or raise {config:maxRetryTimeout}.",
      transient: true,
      throttled: true,
    },
  },
  { pattern: /^InvalidHpcClusterIds\./, row: { refused: "ids" } },
];

/** What messages put before the names of configuration keys: each host has its own. */
export type Namespace = "alicloud" | "alicloud-hpc";

/** An advice with the configuration keys as the user writes them. */
export function adviceIn(namespace: Namespace, advice: string): string {
  return advice.replaceAll(/\{config:(\w+)\}/g, `${namespace}:$1`);
}

interface NetworkErrorCode extends ErrorCode {
  /** What happened, for the message. */
  readonly event?: string;
}

/**
 * Codes of failures without a readable answer of the service: Node's, and `QueueTimeout`, which the queue adds, and
 * `ConnectTimeout`, `CredentialsTimeout`, `RequestTimeout` and `UnreadableAnswer`, which the transport adds. After a transient one it is not known whether the request
 * was carried out.
 */
export const networkErrorCodes: Readonly<Record<string, NetworkErrorCode>> = {
  AnswerTooLong: { event: "the answer is longer than 10 MB" },
  // Not transient: the call has waited as long as it may.
  CredentialsTimeout: {
    event: "the credentials took longer than the call may take; nothing was sent",
    advice:
      "A check at preview waits for them for 5 s, every other call until {config:maxRetryTimeout}: raise that, or find out what " +
      "the credentials wait for.",
  },
  // Not transient either.
  QueueTimeout: {
    event: "the other calls in the region took longer than the call may take; nothing was sent",
    advice: "Run the same command again, or raise {config:maxRetryTimeout}.",
  },
  RequestTimeout: { transient: true },
  UnreadableAnswer: { transient: true },
  ConnectTimeout: { event: "the connection timed out", transient: true },
  ECONNABORTED: { event: "the connection was closed", transient: true },
  ECONNREFUSED: { event: "the connection was refused", transient: true },
  ECONNRESET: { event: "the connection was closed", transient: true },
  EAI_AGAIN: { event: "the host name could not be resolved", transient: true },
  EHOSTUNREACH: { event: "the host cannot be reached", transient: true },
  ENETDOWN: { event: "the network is down", transient: true },
  ENETUNREACH: { event: "the network cannot be reached", transient: true },
  ENOTFOUND: { event: "the host name does not exist" },
  EPIPE: { event: "the connection was closed", transient: true },
  Z_BUF_ERROR: { event: "the answer could not be decompressed", transient: true },
  Z_DATA_ERROR: { event: "the answer could not be decompressed", transient: true },
  ETIMEDOUT: { event: "the connection timed out", transient: true },
};

/** The row of a failure's code. */
export function errorCodeOf(failure: EcsFailure): ErrorCode {
  const { code, status } = failure;
  if (failure.transport) {
    // HPE_…: Node's HTTP parser could not read the answer.
    return {
      advice: networkAdvice(failure),
      ...(networkErrorCodes[code] ?? (code.startsWith("HPE_") ? { transient: true } : {})),
    };
  }
  const row: ErrorCode | undefined = Object.hasOwn(errorCodes, code)
    ? errorCodes[code as keyof typeof errorCodes]
    : (errorCodePatterns.find(({ pattern }) => pattern.test(code))?.row ?? missingParameter(failure));
  // A 5xx is transient, whatever its code.
  return status !== undefined && status >= 500 ? { transient: true, ...row } : (row ?? {});
}

function networkAdvice({ action }: EcsFailure): string {
  const advice = "Check the network, the proxy and the endpoint, then run the same command again.";
  return action === "CreateHpcCluster"
    ? `${advice} It is not known whether the cluster was created; if it was, the next run finds it and creates no second one.`
    : advice;
}

/** API parameter → the input property that it is made of. */
const propertyOfParameter: Readonly<Record<string, string>> = {
  Name: "name",
  Description: "description",
  RegionId: "regionId",
  ClientToken: "clientToken",
  HpcClusterId: "id",
};

/** `MissingParameter` names the parameter in its message; `MissingParameter.RegionId` and `MissingRegionId` in the code. */
function missingParameter({ code, serviceMessage }: EcsFailure): ErrorCode | undefined {
  if (!code.startsWith("Missing")) {
    return undefined;
  }
  const parameter =
    code === "MissingParameter"
      ? /parameter "?(\w+)/.exec(serviceMessage)?.[1]
      : /^Missing(?:Parameter\.)?(\w+)$/.exec(code)?.[1];
  const property = parameter === undefined ? undefined : propertyOfParameter[parameter];
  return property === undefined
    ? { advice: "The request did not arrive complete; a proxy may have changed it." }
    : { property, advice: `Give \`${property}\` a value.` };
}
