import { randomUUID } from "node:crypto";

import { encode, sha256, signV1, signV3 } from "../../emulator/signature.ts";

// A client for the tests of the emulator: it can make every mistake in a request.

/** The key that signs. */
export interface Signer {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string | undefined;
}

/** The service, with the default signer. */
export type Service = Signer & { readonly endpoint: string };

/** Values of parameters or headers. Undefined removes one. */
export type Overrides = Readonly<Record<string, string | undefined>>;

/** How a request differs from an ordinary POST that requests JSON. */
export interface Asking {
  readonly method?: string;
  /** The method that is signed, if it is not the method of the request. */
  readonly signedMethod?: string;
  readonly signer?: Signer;
  /** Common parameters (version 1) or headers (version 3) before signing. */
  readonly common?: Overrides;
  /** Changes after signing. */
  readonly tampered?: Overrides;
  /** Where the parameters are. Default: query for GET, form for POST. */
  readonly place?: "query" | "form" | "both";
  readonly path?: string;
  readonly signal?: AbortSignal;
  /** Called when the headers of the answer have arrived, before its body. */
  readonly onHeaders?: () => void;
  /** Called with the number of bytes received so far. */
  readonly onBytes?: (received: number) => void;
}

/** The same for version 3. */
export interface AskingV3 extends Asking {
  readonly body?: string;
  readonly signedHeaders?: readonly string[];
}

/** An answer. `json` is its parsed body, if that is JSON. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** Sends a request with a version 1 signature. */
export async function ask(
  ecs: Service,
  action: string,
  parameters: Overrides = {},
  asking: Asking = {},
): Promise<Answered> {
  const method = asking.method ?? "POST";
  const signer = asking.signer ?? ecs;
  const unsigned = defined({
    Action: action,
    Version: "2014-05-26",
    Format: "JSON",
    AccessKeyId: signer.accessKeyId,
    SignatureMethod: "HMAC-SHA1",
    SignatureVersion: "1.0",
    SignatureNonce: randomUUID(),
    Timestamp: timestamp(Date.now()),
    SecurityToken: signer.securityToken,
    ...asking.common,
    ...parameters,
  });
  const signed = {
    ...unsigned,
    Signature: signV1(asking.signedMethod ?? method, unsigned, signer.accessKeySecret),
  };
  const sent = defined({ ...signed, ...asking.tampered });
  const pairs = Object.entries(sent).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  const place = asking.place ?? (method === "GET" ? "query" : "form");
  const inQuery = place === "query" ? pairs : place === "both" ? pairs.filter((_, at) => at % 2 === 0) : [];
  const inForm = pairs.filter((pair) => !inQuery.includes(pair));
  return await send(
    `${ecs.endpoint}${asking.path ?? "/"}?${inQuery.join("&")}`,
    {
      method,
      ...(place === "query"
        ? {}
        : { body: inForm.join("&"), headers: { "content-type": "application/x-www-form-urlencoded" } }),
      ...(asking.signal === undefined ? {} : { signal: asking.signal }),
    },
    asking,
  );
}

/** Sends a request with a version 3 signature. */
export async function askV3(
  ecs: Service,
  action: string,
  parameters: Overrides = {},
  asking: AskingV3 = {},
): Promise<Answered> {
  const method = asking.method ?? "POST";
  const signer = asking.signer ?? ecs;
  const query = defined(parameters);
  const body = asking.body ?? "";
  const headers = defined({
    host: new URL(ecs.endpoint).host,
    "x-acs-action": action,
    "x-acs-version": "2014-05-26",
    "x-acs-date": timestamp(Date.now()),
    "x-acs-signature-nonce": randomUUID(),
    "x-acs-content-sha256": sha256(body),
    "x-acs-security-token": signer.securityToken,
    ...(body === "" ? {} : { "content-type": "application/x-www-form-urlencoded" }),
    ...asking.common,
  });
  const signedHeaders = asking.signedHeaders ?? Object.keys(headers);
  const signature = signV3(
    { method, path: "/", query, headers, signedHeaders, hashedBody: headers["x-acs-content-sha256"] ?? "" },
    signer.accessKeySecret,
  );
  const { host: _, ...sent } = defined({
    ...headers,
    authorization: `ACS3-HMAC-SHA256 Credential=${signer.accessKeyId},SignedHeaders=${[...signedHeaders].sort().join(";")},Signature=${signature}`,
    ...asking.tampered,
  });
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return await send(
    `${ecs.endpoint}/?${pairs.join("&")}`,
    {
      method,
      headers: sent,
      ...(body === "" ? {} : { body }),
    },
    asking,
  );
}

/** A time in the API's format. */
export function timestamp(time: number): string {
  return new Date(time).toISOString().slice(0, 19) + "Z";
}

async function send(
  url: string,
  init: RequestInit,
  { onHeaders, onBytes }: Pick<Asking, "onHeaders" | "onBytes">,
): Promise<Answered> {
  const response = await fetch(url, init);
  onHeaders?.();
  const chunks: Uint8Array[] = [];
  let received = 0;
  const body = (response.body ?? []) as AsyncIterable<Uint8Array>;
  for await (const chunk of body) {
    chunks.push(chunk);
    received += chunk.length;
    onBytes?.(received);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  const json = (response.headers.get("content-type") ?? "").startsWith("application/json")
    ? (JSON.parse(text) as Record<string, unknown>)
    : {};
  return { status: response.status, headers: response.headers, text, json };
}

function defined(values: Overrides): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
