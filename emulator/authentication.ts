import { timingSafeEqual } from "node:crypto";
import { isV3, type Incoming, type IncomingParameters } from "./incoming.ts";
import { missingCommonParameter, refusal } from "./refusal.ts";
import { sha256, signV1, signV3 } from "./signature.ts";

/** The signed part of a request, the same for both versions of the signature. */
export interface Signed {
  readonly accessKeyId: string;
  readonly securityToken: string | undefined;
  readonly nonce: string;
  readonly timestamp: string;
  /** Whether the signature was made with this secret. The expected signature never leaves this function. */
  matches(accessKeySecret: string): boolean;
}

/** How far a timestamp may differ from the server's clock, in milliseconds. */
export const clockTolerance = 15 * 60 * 1000;

// The headers that every version 3 signature must cover, and the token if there is one.
const requiredHeaders = [
  "host",
  "x-acs-action",
  "x-acs-content-sha256",
  "x-acs-date",
  "x-acs-signature-nonce",
  "x-acs-version",
];

/** Reads the signature without verifying it. Refusals: Missing{Param}, IncompleteSignature. */
export function signedPartOf(incoming: Incoming, parameters: IncomingParameters): Signed {
  return isV3(incoming) ? signedPartV3(incoming, parameters) : signedPartV1(incoming, parameters);
}

function signedPartV1(incoming: Incoming, parameters: IncomingParameters): Signed {
  const { all } = parameters;
  const mandatory = (name: string): string => {
    const value = all[name];
    if (value === undefined || value === "") {
      throw missingCommonParameter(name);
    }
    return value;
  };
  const accessKeyId = mandatory("AccessKeyId");
  const signatureMethod = mandatory("SignatureMethod");
  const signatureVersion = mandatory("SignatureVersion");
  const nonce = mandatory("SignatureNonce");
  const timestamp = mandatory("Timestamp");
  const signature = mandatory("Signature");
  // Twenty bytes in base64. Anything else is incomplete or was encoded twice.
  if (!/^[A-Za-z0-9+/]{27}=$/.test(signature)) {
    throw refusal("IncompleteSignature");
  }
  if (signatureMethod !== "HMAC-SHA1" || signatureVersion !== "1.0") {
    throw refusal("IncompleteSignature");
  }
  return {
    accessKeyId,
    securityToken: all.SecurityToken,
    nonce,
    timestamp,
    matches: (secret) => same(signV1(incoming.method, all, secret), signature),
  };
}

function signedPartV3(incoming: Incoming, parameters: IncomingParameters): Signed {
  const { headers } = incoming;
  const mandatory = (header: string, parameter: string): string => {
    const value = headers[header];
    if (value === undefined || value === "") {
      throw missingCommonParameter(parameter);
    }
    return value;
  };
  const authorization =
    /^ACS3-HMAC-SHA256\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})$/.exec(
      headers["authorization"] ?? "",
    );
  const [, accessKeyId, headerNames, signature] = authorization ?? [];
  if (accessKeyId === undefined || headerNames === undefined || signature === undefined) {
    throw refusal("IncompleteSignature");
  }
  const timestamp = mandatory("x-acs-date", "Timestamp");
  const nonce = mandatory("x-acs-signature-nonce", "SignatureNonce");
  const hashedBody = mandatory("x-acs-content-sha256", "ContentSha256");
  const securityToken = headers["x-acs-security-token"];
  const signedHeaders = headerNames.split(";");
  const uncovered = [
    ...requiredHeaders,
    ...(securityToken === undefined ? [] : ["x-acs-security-token"]),
  ].some((name) => !signedHeaders.includes(name));
  if (uncovered) {
    throw refusal("IncompleteSignature");
  }
  return {
    accessKeyId,
    securityToken,
    nonce,
    timestamp,
    matches: (secret) =>
      hashedBody === sha256(incoming.body) &&
      same(
        signV3(
          {
            method: incoming.method,
            path: incoming.path,
            query: parameters.query,
            headers,
            signedHeaders,
            hashedBody,
          },
          secret,
        ),
        signature,
      ),
  };
}

/** Refusals: InvalidTimeStamp.Format, InvalidTimeStamp.Expired. */
export function checkTimestamp(timestamp: string, now: number): void {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(timestamp) ? Date.parse(timestamp) : Number.NaN;
  // Date.parse reads 30 February as 1 March.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== timestamp.slice(0, 19)) {
    throw refusal("InvalidTimeStamp.Format");
  }
  if (Math.abs(now - time) > clockTolerance) {
    throw refusal("InvalidTimeStamp.Expired");
  }
}

/** Refusal: SignatureDoesNotMatch. */
export function checkSignature(signed: Signed, accessKeySecret: string): void {
  if (!signed.matches(accessKeySecret)) {
    throw refusal("SignatureDoesNotMatch");
  }
}

/** The nonces of requests that could still be replayed. */
export class Nonces {
  private readonly usedAt = new Map<string, number>();

  /** Refusal: SignatureNonceUsed. Call it after the signature is verified: otherwise anyone could use up the nonces of a key. */
  use(signed: Signed, now: number): void {
    const key = JSON.stringify([signed.accessKeyId, signed.nonce]);
    this.forget(now - 2 * clockTolerance);
    if (this.usedAt.has(key)) {
      throw refusal("SignatureNonceUsed");
    }
    this.usedAt.set(key, now);
  }

  // Older requests are refused for their timestamp. A map keeps the order of insertion, so the oldest come first.
  private forget(before: number): void {
    for (const [key, usedAt] of this.usedAt) {
      if (usedAt >= before) {
        return;
      }
      this.usedAt.delete(key);
    }
  }
}

function same(expected: string, actual: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(actual);
  return a.length === b.length && timingSafeEqual(a, b);
}
