import type { Refusal } from "./refusal.ts";

/** A value in an answer. XML names the items of a list after its field, as in `HpcClusters.HpcCluster[]`. */
export type Content = string | number | null | readonly Content[] | { readonly [field: string]: Content };

/** The fields of a successful answer, without the RequestId. */
export interface Body {
  readonly [field: string]: Content;
}

/** The two formats of the RPC style; the default is XML. */
export type Format = "JSON" | "XML";

/** A complete answer. */
export interface Reply {
  readonly status: number;
  readonly code?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Renders a success. `content` includes the RequestId, unless a fault leaves it out. */
export function success(format: Format, action: string, requestId: string, content: Body): Reply {
  return { status: 200, ...rendered(format, `${action}Response`, content, requestId) };
}

/** Renders an error. */
export function failure(format: Format, requestId: string, hostId: string, refused: Refusal): Reply {
  const content = {
    RequestId: requestId,
    HostId: hostId,
    Code: refused.code,
    Message: refused.message,
    Recommend: `https://error-center.alibabacloud.com/status/search?Keyword=${encodeURIComponent(refused.code)}&source=PopGw`,
  };
  const { headers, body } = rendered(format, "Error", content, requestId);
  const retryAfter: Record<string, string> =
    refused.retryAfterMs === undefined ? {} : { "x-acs-retry-after": String(refused.retryAfterMs) };
  return { status: refused.status, code: refused.code, headers: { ...headers, ...retryAfter }, body };
}

function rendered(format: Format, root: string, content: Body, requestId: string): Omit<Reply, "status"> {
  const type = format === "JSON" ? "application/json" : "text/xml";
  return {
    headers: { "content-type": `${type};charset=utf-8`, "x-acs-request-id": requestId },
    body:
      format === "JSON"
        ? JSON.stringify(content)
        : `<?xml version='1.0' encoding='UTF-8'?>${xml(root, content)}`,
  };
}

function xml(name: string, content: Content): string {
  if (isList(content)) {
    return content.map((item) => xml(name, item)).join("");
  }
  const inside =
    content === null
      ? ""
      : typeof content === "object"
        ? Object.entries(content)
            .map(([field, value]) => xml(field, value))
            .join("")
        : escapeXml(String(content));
  return `<${name}>${inside}</${name}>`;
}

function isList(content: Content): content is readonly Content[] {
  return Array.isArray(content);
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\r": "&#13;", // a parser would turn a bare one into a newline
};

function escapeXml(text: string): string {
  return (
    text
      .replace(/[&<>"'\r]/g, (character) => entities[character] ?? character)
      // XML 1.0 has no way to write these at all, not even escaped.
      .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
  );
}
