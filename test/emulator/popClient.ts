import { createRequire } from "node:module";

import type { Service } from "./rawRequest.ts";

/** The part of pop-core's client that the tests use. */
export interface PopClient {
  request(
    action: string,
    parameters: Readonly<Record<string, unknown>>,
    options: { readonly method: string },
  ): Promise<Record<string, unknown>>;
}

const { RPCClient } = createRequire(import.meta.url)("@alicloud/pop-core") as {
  RPCClient: new (config: object) => PopClient;
};

/** A client of the vendor's own library. */
export function popClient({ endpoint, accessKeyId, accessKeySecret, securityToken }: Service): PopClient {
  return new RPCClient({
    endpoint,
    apiVersion: "2014-05-26",
    accessKeyId,
    accessKeySecret,
    ...(securityToken === undefined ? {} : { securityToken }),
  });
}
