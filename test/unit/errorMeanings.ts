import { errorCodes, missingCommonParameter, type DocumentedCode } from "../errorCodes.ts";

/** What a code must mean to the package: written independently of provider/ecs/errorCodes.ts. */
export interface Meaning {
  /** The input property that the code is about. */
  property?: string;
  /** The message says what to do. */
  hasAdvice?: boolean;
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

const credentials: Meaning = { failsPreview: true, namesCredentials: true };
const throttling: Meaning = { transient: true, throttled: true };
const missingCluster: Meaning = { property: "id", gone: true };

const meanings: Record<DocumentedCode, Meaning> = {
  MissingParameter: { property: "regionId" },
  "MissingParameter.RegionId": { property: "regionId" },
  "MissingParameter.HpcClusterId": { property: "id" },
  "InvalidHpcClusterName.Malformed": { property: "name" },
  "InvalidHpcClusterDescription.Malformed": { property: "description" },
  "InvalidRegionId.NotFound": { property: "regionId" },
  InternalError: { transient: true },
  "InvalidHpcClusterIds.ExceedLimit": { aboutIds: true },
  "InvalidHpcClusterIds.Malformed": { property: "id", aboutIds: true },
  InvalidModifyInfo: {},
  HPC_CLUSTER_MODIFY_FAILED: missingCluster,
  HpcClusterNotExists: missingCluster,
  "NotExists.HpcCluster": missingCluster,
  "NotEmpty.HpcCluster": { property: "id" },
  "Invalid.Parameter": { aboutIds: true },
  IdempotentParameterMismatch: { property: "clientToken" },
  IdempotentProcessing: { property: "clientToken", transient: true },
  SignatureDoesNotMatch: credentials,
  IncompleteSignature: credentials,
  SignatureNonceUsed: {},
  "InvalidTimeStamp.Expired": {},
  "InvalidTimeStamp.Format": {},
  "InvalidAccessKeyId.NotFound": credentials,
  "InvalidAccessKeyId.Inactive": credentials,
  "InvalidSecurityToken.Expired": credentials,
  "InvalidSecurityToken.Malformed": credentials,
  "InvalidSecurityToken.MismatchWithAccessKey": credentials,
  "Forbidden.RAM": { namesCredentials: true },
  // Errors of a program that calls the API in another way: nothing can be advised.
  "InvalidAction.NotFound": { hasAdvice: false },
  InvalidVersion: { hasAdvice: false },
  Throttling: throttling,
  "Throttling.User": throttling,
  "Throttling.Api": throttling,
  ServiceUnavailable: { transient: true },
};

/** Every documented error, and codes beside the reference that the package knows too, each with its meaning. */
export const errorsWithMeaning: readonly ({
  action: string;
  status: number;
  code: string;
  message: string;
} & Meaning)[] = [
  ...errorCodes.map((documented) => ({ ...documented, ...meanings[documented.code] })),
  { ...missingCommonParameter("RegionId"), property: "regionId" },
  ...["SecurityToken", "Timestamp", "AccessKeyId"].map(missingCommonParameter),
  { action: "every action", status: 503, code: "SystemBusy", message: "", transient: true },
  { action: "every action", status: 403, code: "Throttling.Resource", message: "", ...throttling },
  { action: "every action", status: 429, code: "EcsThrottling", message: "", ...throttling },
  {
    action: "every action",
    status: 400,
    code: "InvalidHpcClusterIds.New",
    message: "",
    hasAdvice: false,
    aboutIds: true,
  },
];

/** Codes of failures without a readable answer, and whether the same call may succeed later. */
export const networkErrors: readonly { code: string; transient: boolean }[] = [
  ...[
    ...["RequestTimeout", "ConnectTimeout", "UnreadableAnswer", "ECONNRESET", "ECONNREFUSED", "ECONNABORTED"],
    ...["EPIPE", "ETIMEDOUT", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN"],
    ...["HPE_INVALID_CONSTANT", "HPE_INVALID_CONTENT_LENGTH"],
  ].map((code) => ({ code, transient: true })),
  ...[
    ...["ENOTFOUND", "CERT_HAS_EXPIRED", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ...["ERR_TLS_CERT_ALTNAME_INVALID", "EPROTO", "ERR_INVALID_URL", "EACCES", "Throttling", "constructor"],
  ].map((code) => ({ code, transient: false })),
];
