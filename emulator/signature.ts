import { createHash, createHmac } from "node:crypto";

/** Decoded request parameters. */
export type Parameters = Readonly<Record<string, string>>;

/** RFC 3986 percent-encoding, also of the five characters that encodeURIComponent does not encode. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => "%" + character.charCodeAt(0).toString(16).toUpperCase(),
  );
}

/** The parameters sorted by name, encoded and joined. Both signature versions use it. */
export function canonicalQuery(parameters: Parameters): string {
  return Object.keys(parameters)
    .sort()
    .map((name) => `${encode(name)}=${encode(parameters[name] ?? "")}`)
    .join("&");
}

/** The string that a version 1 signature signs: every parameter except the signature. */
export function stringToSignV1(method: string, parameters: Parameters): string {
  const { Signature: _, ...signed } = parameters;
  return `${method}&${encode("/")}&${encode(canonicalQuery(signed))}`;
}

/** Version 1, HMAC-SHA1, base64. */
export function signV1(method: string, parameters: Parameters, accessKeySecret: string): string {
  return createHmac("sha1", accessKeySecret + "&")
    .update(stringToSignV1(method, parameters))
    .digest("base64");
}

/** The request that a version 3 signature signs. The names of `headers` are in lower case. */
export interface RequestV3 {
  readonly method: string;
  readonly path: string;
  readonly query: Parameters;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly signedHeaders: readonly string[];
  readonly hashedBody: string;
}

/** The canonical request of version 3. Each header ends with a newline, so an empty line follows the headers. */
export function canonicalRequestV3(request: RequestV3): string {
  const names = [...request.signedHeaders].sort();
  const headers = names.map((name) => `${name}:${(request.headers[name] ?? "").trim()}\n`).join("");
  return [
    request.method,
    request.path,
    canonicalQuery(request.query),
    headers,
    names.join(";"),
    request.hashedBody,
  ].join("\n");
}

/** Version 3, ACS3-HMAC-SHA256, lower-case hex. */
export function signV3(request: RequestV3, accessKeySecret: string): string {
  const stringToSign = "ACS3-HMAC-SHA256\n" + sha256(canonicalRequestV3(request));
  return createHmac("sha256", accessKeySecret).update(stringToSign).digest("hex");
}

/** Lower-case hex SHA-256, the form of `x-acs-content-sha256`. */
export function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
