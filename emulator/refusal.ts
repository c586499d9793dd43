/** An error answer of the service. answer.ts renders it in the requested format. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** Sent as `x-acs-retry-after`, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, code: string, message: string, retryAfterMs?: number) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Status and message of the codes that every action can answer. */
const gateway = {
  "InvalidAction.NotFound": [404, "Specified api is not found, please check your url and method."],
  // Not documented by the service: the emulator's own.
  RequestBodyTooLarge: [413, "The request body is longer than 1 MiB."],
  InvalidVersion: [400, "Specified parameter Version is not valid."],
  "InvalidParameter.Format": [400, "The specified parameter Format is not valid."],
  UnsupportedHTTPMethod: [400, "This HTTP method is not supported."],
  IncompleteSignature: [400, "The request signature does not conform to Aliyun standards."],
  SignatureDoesNotMatch: [400, "Specified signature is not matched with our calculation."],
  SignatureNonceUsed: [400, "Specified signature nonce was used already."],
  "InvalidTimeStamp.Format": [400, "Specified time stamp or date value is not well formatted."],
  "InvalidTimeStamp.Expired": [400, "Specified time stamp or date value is expired."],
  "InvalidAccessKeyId.NotFound": [404, "Specified access key is not found."],
  "InvalidAccessKeyId.Inactive": [400, "Specified access key is disabled."],
  "InvalidSecurityToken.Expired": [400, "Specified SecurityToken is expired."],
  "InvalidSecurityToken.Malformed": [400, "Specified SecurityToken is malformed."],
  "InvalidSecurityToken.MismatchWithAccessKey": [400, "Specified SecurityToken mismatch with the AccessKey."],
  "Forbidden.RAM": [
    403,
    "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
  ],
  "Invalid.Parameter": [400, "Invalid parameters"],
  IdempotentParameterMismatch: [
    400,
    "The specified parameter has changed while using an already used clientToken.",
  ],
  IdempotentProcessing: [403, "The previous idempotent request(s) is still processing."],
  Throttling: [400, "Request was denied due to request throttling."],
  "Throttling.User": [400, "Request was denied due to user flow control."],
  "Throttling.Api": [400, "Request was denied due to api flow control."],
  InternalError: [500, "The request processing has failed due to some unknown error, exception or failure."],
  ServiceUnavailable: [503, "The request has failed due to a temporary failure of the server."],
} as const satisfies Record<string, readonly [number, string]>;

/** A code that every action can answer. */
export type GatewayCode = keyof typeof gateway;

/** The documented refusal of this code. */
export function refusal(code: GatewayCode): Refusal {
  const [status, message] = gateway[code];
  return new Refusal(status, code, message);
}

/** `Missing{Param}`: a missing common parameter. */
export function missingCommonParameter(name: string): Refusal {
  return new Refusal(400, `Missing${name}`, `${name} is mandatory for this action.`);
}

/** A missing parameter of the action. The code differs between the actions. */
export function notSupplied(code: string, name: string): Refusal {
  return new Refusal(
    400,
    code,
    `The input parameter ${name} that is mandatory for processing this request is not supplied.`,
  );
}
