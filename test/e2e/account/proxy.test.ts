/** Promise: HTTP_PROXY, HTTPS_PROXY and NO_PROXY hold for every request, STS included. */
import { writeFileSync } from "node:fs";
import { request as send } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { HpcCluster } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import type { TestStack } from "../../engine/stack.ts";
import { createEcsStack } from "../ecsStack.ts";
import { startSts } from "./credentialServers.ts";
import { startForwardProxy } from "./forwardProxy.ts";
import { selfSignedCertificate } from "./selfSignedCertificate.ts";

const certificate = selfSignedCertificate();
let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const program = async () => {
  new HpcCluster("rendering", { name: "render-farm" });
};
const nobody = "http://127.0.0.1:1";
const endpoints = (ecs: string, sts?: string) =>
  JSON.stringify([{ ecs, ...(sts === undefined ? {} : { sts }) }]);

/** The local ECS behind TLS. */
async function startSecureEcs(): Promise<AsyncDisposable & { port: number }> {
  const server = createServer(certificate, (request, response) => {
    const inner = send(
      `${ecs.endpoint}${request.url ?? "/"}`,
      { method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(inner);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function trust(stack: TestStack): void {
  const authority = path.join(stack.workDir, "authority.pem");
  writeFileSync(authority, certificate.cert);
  stack.setEnv({ NODE_EXTRA_CA_CERTS: authority });
}

test("HTTP_PROXY carries every request to an http endpoint", async () => {
  await using proxy = await startForwardProxy(() => new URL(ecs.endpoint).host);
  await using stack = await createEcsStack(ecs, {
    program,
    config: { "alicloud:endpoints": endpoints("http://ecs.example.invalid") },
    env: { HTTP_PROXY: proxy.url, HTTPS_PROXY: nobody },
  });
  await stack.up();
  expect(ecs.store.clusters()).toHaveLength(1);
  expect(ecs.requests.length).toBeGreaterThan(2);
  expect(proxy.asked).toEqual(ecs.requests.map(() => "POST http://ecs.example.invalid/"));
});

test("NO_PROXY hosts are reached without the proxy", async () => {
  await using proxy = await startForwardProxy(() => new URL(ecs.endpoint).host);
  await using stack = await createEcsStack(ecs, {
    program,
    env: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url, NO_PROXY: "example.com,127.0.0.1" },
  });
  await stack.up();
  expect(ecs.store.clusters()).toHaveLength(1);
  expect(proxy.asked).toEqual([]);
});

test("HTTPS_PROXY tunnels to an https endpoint", async () => {
  await using secure = await startSecureEcs();
  await using proxy = await startForwardProxy(() => `127.0.0.1:${secure.port}`);
  await using stack = await createEcsStack(ecs, {
    program,
    config: { "alicloud:endpoints": endpoints("https://localhost:8443") },
    env: { HTTPS_PROXY: proxy.url, HTTP_PROXY: nobody },
  });
  trust(stack);
  await stack.up();
  expect(ecs.store.clusters()).toHaveLength(1);
  expect(new Set(proxy.asked)).toEqual(new Set(["CONNECT localhost:8443"]));
  // A tunnel is used again: one for the region check, and one for the rest.
  expect(proxy.asked.length).toBeLessThan(ecs.requests.length);
});

test("HTTPS_PROXY tunnels to STS too", async () => {
  await using sts = await startSts(certificate, () => ({
    key: ecs.accounts.issueToken(ecs.accountId),
    expiresAt: Date.now() + 60 * 60_000,
  }));
  await using proxy = await startForwardProxy(() => sts.host);
  await using stack = await createEcsStack(ecs, {
    program,
    config: {
      "alicloud:endpoints": endpoints(ecs.endpoint, "localhost:8444"),
      "alicloud:assumeRole": JSON.stringify({ roleArn: `acs:ram::${ecs.accountId}:role/renderer` }),
    },
    env: { HTTPS_PROXY: proxy.url },
  });
  trust(stack);
  await stack.up();
  expect(ecs.store.clusters()).toHaveLength(1);
  expect(new Set(proxy.asked)).toEqual(new Set(["CONNECT localhost:8444"]));
});
