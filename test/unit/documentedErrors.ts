/**
 * Every documented error code, with what it must mean to the package: written from the API reference, independently of
 * provider/ecs/errorCodes.ts.
 */
export interface DocumentedError {
  status: number;
  code: string;
  /** The service's message, where the reference quotes it. */
  message?: string;
  /** The input property that the code is about. */
  property?: string;
  /** The same call may succeed later. */
  transient?: true;
  /** Other calls of the action must slow down too. */
  throttled?: true;
  /** The cluster does not exist. */
  gone?: true;
  /** Preview fails, because no call can succeed. */
  failsPreview?: true;
  /** The message says where the credentials came from. */
  namesCredentials?: true;
  /** One wrong id makes a shared read fail. */
  aboutIds?: true;
}

const credentials = { failsPreview: true, namesCredentials: true } as const;
const throttling = { transient: true, throttled: true } as const;

/** CreateHpcCluster's own table. */
export const createErrors: readonly DocumentedError[] = [
  {
    status: 400,
    code: "MissingParameter",
    message: "The input parameter RegionId that is mandatory for processing this request is not supplied.",
    property: "regionId",
  },
  {
    status: 400,
    code: "InvalidHpcClusterName.Malformed",
    message: "Specified hpc cluster name is not valid.",
    property: "name",
  },
  {
    status: 400,
    code: "InvalidHpcClusterDescription.Malformed",
    message: "The specified parameter Description is not valid.",
    property: "description",
  },
  {
    status: 404,
    code: "InvalidRegionId.NotFound",
    message: 'The specified parameter "RegionId" is not valid.',
    property: "regionId",
  },
  { status: 404, code: "InternalError", message: "Failed to create hpc cluster", transient: true },
  { status: 400, code: "Invalid.Parameter", message: "Invalid parameters", aboutIds: true },
];

/** Those of the other actions. */
export const otherErrors: readonly DocumentedError[] = [
  { status: 400, code: "MissingParameter.HpcClusterId", property: "id" },
  { status: 400, code: "MissingParameter.RegionId", property: "regionId" },
  { status: 400, code: "InvalidHpcClusterIds.ExceedLimit", aboutIds: true },
  { status: 400, code: "InvalidHpcClusterIds.Malformed", property: "id", aboutIds: true },
  { status: 400, code: "InvalidModifyInfo" },
  { status: 400, code: "HPC_CLUSTER_MODIFY_FAILED", property: "id", gone: true },
  { status: 400, code: "HpcClusterNotExists", property: "id", gone: true },
  { status: 400, code: "NotExists.HpcCluster", property: "id", gone: true },
  { status: 400, code: "NotEmpty.HpcCluster", property: "id" },
  { status: 400, code: "IdempotentParameterMismatch", property: "clientToken" },
  { status: 403, code: "IdempotentProcessing", property: "clientToken", transient: true },
];

/** Those of the gateway: signature, account, load. */
export const gatewayErrors: readonly DocumentedError[] = [
  { status: 400, code: "SignatureDoesNotMatch", ...credentials },
  { status: 400, code: "IncompleteSignature", ...credentials },
  { status: 400, code: "InvalidTimeStamp.Expired" },
  { status: 400, code: "InvalidTimeStamp.Format" },
  { status: 400, code: "SignatureNonceUsed" },
  { status: 404, code: "InvalidAccessKeyId.NotFound", ...credentials },
  { status: 400, code: "InvalidAccessKeyId.Inactive", ...credentials },
  { status: 400, code: "InvalidSecurityToken.Expired", ...credentials },
  { status: 400, code: "InvalidSecurityToken.Malformed", ...credentials },
  { status: 400, code: "InvalidSecurityToken.MismatchWithAccessKey", ...credentials },
  { status: 403, code: "Forbidden.RAM", namesCredentials: true },
  {
    status: 400,
    code: "MissingRegionId",
    message: "RegionId is mandatory for this action.",
    property: "regionId",
  },
  { status: 400, code: "MissingSecurityToken" },
  { status: 400, code: "MissingTimestamp" },
  { status: 400, code: "MissingAccessKeyId" },
  { status: 400, code: "Throttling", ...throttling },
  { status: 403, code: "Throttling.User", ...throttling },
  { status: 429, code: "Throttling.Api", ...throttling },
  { status: 400, code: "EcsThrottling.Anything", ...throttling },
  { status: 503, code: "ServiceUnavailable", transient: true },
  { status: 500, code: "InternalError", transient: true },
  { status: 503, code: "SystemBusy", transient: true },
];

export const documentedErrors: readonly DocumentedError[] = [
  ...createErrors,
  ...otherErrors,
  ...gatewayErrors,
];

/** Codes of failures without a readable answer, and whether the same call may succeed later. */
export const networkErrors: readonly { code: string; transient: boolean }[] = [
  ...[
    "RequestTimeout",
    "ConnectTimeout",
    "UnreadableAnswer",
    "ECONNRESET",
    "ECONNREFUSED",
    "ECONNABORTED",
    "EPIPE",
    "ETIMEDOUT",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENETDOWN",
    "HPE_INVALID_CONSTANT",
    "HPE_INVALID_CONTENT_LENGTH",
  ].map((code) => ({ code, transient: true })),
  ...[
    "ENOTFOUND",
    "CERT_HAS_EXPIRED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "EPROTO",
    "ERR_INVALID_URL",
    "EACCES",
    "Throttling",
    "constructor",
  ].map((code) => ({ code, transient: false })),
];
