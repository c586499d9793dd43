/** The error codes that the API reference documents: one table for all suites. Written from the reference, not from the code. */

/** Where a code is documented: at one action, or for every action (the gateway in front of them). */
export type DocumentedFor =
  | "CreateHpcCluster"
  | "DescribeHpcClusters"
  | "ModifyHpcClusterAttribute"
  | "DeleteHpcCluster"
  | "every action";

/** A documented error. */
export interface DocumentedError {
  readonly action: DocumentedFor;
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** The message for a parameter of an action that was not sent. */
export function notSupplied(parameter: string): string {
  return `The input parameter ${parameter} that is mandatory for processing this request is not supplied.`;
}

/** The error for a missing common parameter, which the gateway needs for every action. */
export function missingCommonParameter(parameter: string): DocumentedError {
  const message = `${parameter} is mandatory for this action.`;
  return { action: "every action", status: 400, code: `Missing${parameter}`, message };
}

const create = "CreateHpcCluster";
const describe = "DescribeHpcClusters";
const modify = "ModifyHpcClusterAttribute";
const remove = "DeleteHpcCluster";
const every = "every action";

const invalidName = "Specified hpc cluster name is not valid.";
const invalidDescription = "The specified parameter Description is not valid.";
const invalidRegion = 'The specified parameter "RegionId" is not valid.';

const table = [
  [create, 400, "MissingParameter", notSupplied("RegionId")],
  [create, 400, "InvalidHpcClusterName.Malformed", invalidName],
  [create, 400, "InvalidHpcClusterDescription.Malformed", invalidDescription],
  [create, 404, "InvalidRegionId.NotFound", invalidRegion],
  [create, 404, "InternalError", "Failed to create hpc cluster"],

  [describe, 400, "MissingParameter", notSupplied("RegionId")],
  [describe, 400, "InvalidRegionId.NotFound", invalidRegion],
  [describe, 400, "MissingParameter.HpcClusterId", notSupplied("HpcClusterId")],
  [
    describe,
    400,
    "InvalidHpcClusterIds.ExceedLimit",
    "The number of the specified HpcClusterIds exceeds the limit.",
  ],
  [describe, 400, "InvalidHpcClusterIds.Malformed", "The specified parameter HpcClusterIds is not valid."],

  [modify, 400, "MissingParameter", notSupplied("RegionId")],
  [modify, 400, "InvalidHpcClusterName.Malformed", invalidName],
  [modify, 400, "InvalidHpcClusterDescription.Malformed", invalidDescription],
  [modify, 400, "InvalidRegionId.NotFound", invalidRegion],
  [
    modify,
    400,
    "InvalidModifyInfo",
    "Modify info is invalid, name/description must not null at the same time",
  ],
  [modify, 400, "HPC_CLUSTER_MODIFY_FAILED", "Modify failed, possibly this hpc cluster does not exist"],
  [modify, 400, "HpcClusterNotExists", "The specified hpc cluster does not exist"],

  [remove, 400, "MissingParameter.RegionId", notSupplied("RegionId")],
  [remove, 400, "MissingParameter.HpcClusterId", notSupplied("HpcClusterId")],
  [remove, 404, "InvalidRegionId.NotFound", invalidRegion],
  [remove, 400, "NotExists.HpcCluster", "The specified hpc cluster does not exist."],
  [remove, 400, "NotEmpty.HpcCluster", "The specified hpc cluster is not empty, still contains instances."],

  [every, 400, "Invalid.Parameter", "Invalid parameters"],
  [
    every,
    400,
    "IdempotentParameterMismatch",
    "The specified parameter has changed while using an already used clientToken.",
  ],
  [every, 403, "IdempotentProcessing", "The previous idempotent request(s) is still processing."],
  [every, 400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."],
  [every, 400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."],
  [every, 400, "SignatureNonceUsed", "Specified signature nonce was used already."],
  [every, 400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."],
  [every, 400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."],
  [every, 404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."],
  [every, 400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."],
  [every, 400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."],
  [every, 400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed."],
  [
    every,
    400,
    "InvalidSecurityToken.MismatchWithAccessKey",
    "Specified SecurityToken mismatch with the AccessKey.",
  ],
  [
    every,
    403,
    "Forbidden.RAM",
    "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
  ],
  [every, 404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."],
  [every, 400, "InvalidVersion", "Specified parameter Version is not valid."],
  [every, 400, "Throttling", "Request was denied due to request throttling."],
  [every, 400, "Throttling.User", "Request was denied due to user flow control."],
  [every, 400, "Throttling.Api", "Request was denied due to api flow control."],
  [
    every,
    500,
    "InternalError",
    "The request processing has failed due to some unknown error, exception or failure.",
  ],
  [every, 503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."],
] as const satisfies readonly (readonly [
  action: DocumentedFor,
  status: number,
  code: string,
  message: string,
])[];

/** A code of the table. */
export type DocumentedCode = (typeof table)[number][2];

/** Every row of the table. */
export const errorCodes: readonly (DocumentedError & { readonly code: DocumentedCode })[] = table.map(
  ([action, status, code, message]) => ({ action, status, code, message }),
);

/** The documented error of an action: its own row, or else the row for every action. */
export function documentedError(action: DocumentedFor, code: DocumentedCode): DocumentedError {
  const rows = errorCodes.filter((row) => row.code === code);
  const found =
    rows.find((row) => row.action === action) ?? rows.find((row) => row.action === "every action");
  if (found === undefined) {
    throw new Error(`${code} is not documented for ${action}.`);
  }
  return found;
}
