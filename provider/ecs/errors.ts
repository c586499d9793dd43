/** What went wrong in one call of the ECS API, as much of it as is known. */
export interface EcsFailure {
  /** The API action, e.g. `CreateHpcCluster`. */
  action: string;
  /** The region that was asked. */
  regionId: string;
  /** The service's error code, or for a failure on the way: the system's code (`ECONNRESET`), `RequestTimeout`, `UnreadableAnswer`. */
  code: string;
  /** The service's message, without secrets. */
  serviceMessage: string;
  /** The HTTP status, where an answer came. */
  status?: number | undefined;
  requestId?: string | undefined;
  /** The service's own wish of how long to wait before the next call, milliseconds (header `x-acs-retry-after`). */
  retryAfterMs?: number | undefined;
  /** No readable answer of the service: whether the request was carried out is not known. */
  transport?: boolean | undefined;
  /** Where the credentials came from; shown where they are the problem. */
  credentialSource?: string | undefined;
}

/**
 * A failed call of the ECS API. The message names action, region, code and request, and says what to do:
 *
 *     CreateHpcCluster in cn-hangzhou: InvalidHpcClusterName.Malformed: Specified hpc cluster name is not valid.
 *     Change `name`: … (HTTP 400, request 4734…, attempt 1)
 */
export class EcsError extends Error {
  readonly action: string;
  readonly regionId: string;
  readonly code: string;
  readonly serviceMessage: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly transport: boolean;
  /** The input property that the code is about, where it is about one. */
  readonly property: string | undefined;
  /** What the user can do. */
  readonly advice: string | undefined;
  readonly attempts: number;

  constructor(
    private readonly failure: EcsFailure,
    attempts = 1,
    elapsedMs = 0,
  ) {
    const { property, advice } = explanationOf(failure);
    const facts = [
      failure.status === undefined ? undefined : `HTTP ${failure.status}`,
      failure.requestId === undefined ? undefined : `request ${failure.requestId}`,
      attempts === 1 ? "attempt 1" : `${attempts} attempts over ${(elapsedMs / 1000).toFixed(1)} s`,
    ];
    const message = asSentence(failure.serviceMessage) || "The service gave no message.";
    super(
      `${failure.action} in ${failure.regionId}: ${failure.code}: ${[message, advice].filter(Boolean).join(" ")} ` +
        `(${facts.filter(Boolean).join(", ")})`,
    );
    this.name = "EcsError";
    this.action = failure.action;
    this.regionId = failure.regionId;
    this.code = failure.code;
    this.serviceMessage = failure.serviceMessage;
    this.status = failure.status;
    this.requestId = failure.requestId;
    this.retryAfterMs = failure.retryAfterMs;
    this.transport = failure.transport ?? false;
    this.property = property;
    this.advice = advice;
    this.attempts = attempts;
  }

  /** The same failure, told after all its attempts. */
  after(attempts: number, elapsedMs: number): EcsError {
    return new EcsError(this.failure, attempts, elapsedMs);
  }
}

function asSentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" || /[.!?。]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

interface Explanation {
  property?: string;
  advice?: string;
}

/**
 * Every documented code → the property it concerns and what to do about it.
 * The codes are those of CreateHpcCluster and its family, version 2014-05-26, and of the gateway before them.
 */
const explanations: Readonly<Record<string, Explanation>> = {
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
      "Change `regionId` (or the setting alicloud:region) to a region in which HPC clusters are offered.",
  },
  "Invalid.Parameter": {
    advice: "Check `name`, `description` and `regionId` against the service's rules for them.",
  },
  InternalError: {
    advice: "A fault of the service: run the same command again; give its support the request id.",
  },
  "InvalidHpcClusterIds.ExceedLimit": { advice: "At most 100 ids can be asked for in one call." },
  "InvalidHpcClusterIds.Malformed": { property: "id", advice: "Ids look like hpc-…; check the id given." },
  InvalidModifyInfo: { advice: "Neither a name nor a description was given to change." },
  HPC_CLUSTER_MODIFY_FAILED: {
    property: "id",
    advice: "The cluster may have been deleted outside Pulumi: run `pulumi refresh`, then `pulumi up`.",
  },
  HpcClusterNotExists: {
    property: "id",
    advice: "The cluster has been deleted outside Pulumi: run `pulumi refresh`, then `pulumi up`.",
  },
  "NotExists.HpcCluster": {
    property: "id",
    advice: "The cluster has been deleted outside Pulumi: run `pulumi refresh`, then `pulumi up`.",
  },
  "NotEmpty.HpcCluster": {
    property: "id",
    advice:
      "The cluster still holds instances, and the service deletes only empty clusters: release its instances or " +
      "move them out of the cluster, then run the same command again. Nothing has been deleted.",
  },
  IdempotentParameterMismatch: {
    property: "clientToken",
    advice:
      "The ClientToken was already used with other values: give `clientToken` a new value, or remove it.",
  },
  IdempotentProcessing: {
    property: "clientToken",
    advice: "An earlier call with this ClientToken is still running: run the same command again in a while.",
  },
  "Forbidden.RAM": {
    advice:
      "The account may not call this action: grant ecs:CreateHpcCluster, ecs:DescribeHpcClusters, " +
      "ecs:ModifyHpcClusterAttribute, ecs:DeleteHpcCluster and ecs:DescribeRegions to it.",
  },
  SignatureDoesNotMatch: { advice: "The access key secret is not the one of this access key id." },
  IncompleteSignature: {
    advice: "The request's signature did not arrive whole; a proxy may have changed the request.",
  },
  "InvalidTimeStamp.Expired": {
    advice: "This machine's clock differs from the service's by more than 15 minutes: set the clock.",
  },
  "InvalidTimeStamp.Format": { advice: "The request's timestamp did not arrive as it was sent." },
  SignatureNonceUsed: { advice: "The same request arrived twice; a proxy may be repeating requests." },
  "InvalidAccessKeyId.NotFound": { advice: "The access key does not exist (any more): check or replace it." },
  "InvalidAccessKeyId.Inactive": { advice: "The access key is disabled: enable it in RAM, or use another." },
  "InvalidSecurityToken.Expired": { advice: "The STS token has expired: get new temporary credentials." },
  "InvalidSecurityToken.MismatchWithAccessKey": {
    advice:
      "The STS token does not belong to this access key: remove alicloud:securityToken (ALICLOUD_SECURITY_TOKEN, …), " +
      "or get new temporary credentials.",
  },
  "InvalidSecurityToken.Malformed": {
    advice:
      "The STS token is not valid, or does not belong to this access key: get new temporary credentials.",
  },
  ServiceUnavailable: { advice: "The service is overloaded or down: run the same command again in a while." },
  SystemBusy: { advice: "The service is busy: run the same command again in a while." },
};

/** The codes that speak of the caller's credentials, and not of the request. */
const credentialCodes: ReadonlySet<string> = new Set([
  "SignatureDoesNotMatch",
  "IncompleteSignature",
  "InvalidAccessKeyId.NotFound",
  "InvalidAccessKeyId.Inactive",
  "InvalidSecurityToken.Expired",
  "InvalidSecurityToken.Malformed",
  "InvalidSecurityToken.MismatchWithAccessKey",
  "Forbidden.RAM",
]);

/** Whether the service refused the credentials themselves (or what they may do). */
export function isCredentialError(error: EcsError): boolean {
  return credentialCodes.has(error.code);
}

/** The four faces of "gone" less the empty list: codes, never a bare HTTP 404, which has other meanings too. */
const goneCodes: ReadonlySet<string> = new Set([
  "NotExists.HpcCluster",
  "HpcClusterNotExists",
  "HPC_CLUSTER_MODIFY_FAILED",
]);

/** Whether the service says that the cluster does not exist. `HPC_CLUSTER_MODIFY_FAILED` says "possibly": look again. */
export function saysGone(error: unknown): error is EcsError {
  return error instanceof EcsError && goneCodes.has(error.code);
}

/** API parameter → the input property that it is made of. */
const propertyOfParameter: Readonly<Record<string, string>> = {
  Name: "name",
  Description: "description",
  RegionId: "regionId",
  ClientToken: "clientToken",
  HpcClusterId: "id",
};

function explanationOf(failure: EcsFailure): Explanation {
  const explanation = explanations[failure.code] ?? explanationOfPattern(failure);
  if (failure.credentialSource !== undefined && credentialCodes.has(failure.code)) {
    return {
      ...explanation,
      advice: `${explanation.advice} The credentials came from ${failure.credentialSource}.`,
    };
  }
  return explanation;
}

function explanationOfPattern({ action, code, serviceMessage, transport }: EcsFailure): Explanation {
  // MissingParameter names the parameter in its message, MissingParameter.RegionId and MissingRegionId in the code.
  if (code.startsWith("Missing")) {
    const parameter =
      /parameter "?(\w+)/.exec(code === "MissingParameter" ? serviceMessage : "")?.[1] ??
      /^Missing(?:Parameter\.)?(\w+)$/.exec(code)?.[1];
    const property = parameter === undefined ? undefined : propertyOfParameter[parameter];
    return property === undefined
      ? { advice: "The request did not arrive whole; a proxy may have changed it." }
      : { property, advice: `Give \`${property}\` a value.` };
  }
  if (code.includes("Throttling")) {
    return { advice: "Too many calls in this account and region: run the same command again in a while." };
  }
  if (transport) {
    const unknown =
      action === "CreateHpcCluster"
        ? " Whether the cluster was made is not known; if so, it will be found, not made twice."
        : "";
    return {
      advice: `Check the network, the proxy and the endpoint, then run the same command again.${unknown}`,
    };
  }
  return {};
}
