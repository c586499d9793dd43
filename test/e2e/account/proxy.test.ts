/** Promise: HTTP_PROXY, HTTPS_PROXY and NO_PROXY hold for every request, STS included. */
import { writeFileSync } from "node:fs";
import { request as send } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { HpcCluster, Provider } from "pulumi-alicloud-hpc";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { createEcsStack } from "../ecsStack.ts";
import { startSts } from "./credentialServers.ts";
import { startForwardProxy } from "./forwardProxy.ts";
import { selfSignedCertificate } from "./selfSignedCertificate.ts";

const certificate = selfSignedCertificate();
let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

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

test("HTTP_PROXY carries every request to an http endpoint, but for the hosts of NO_PROXY", async () => {
  const { accessKeyId, accessKeySecret } = ecs.accounts.add({ accountId: "1000000000000002" });
  await using proxy = await startForwardProxy(() => new URL(ecs.endpoint).host);
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      const provider = new Provider("direct", {
        region: "cn-beijing",
        accessKey: accessKeyId,
        secretKey: accessKeySecret,
        endpoints: [{ ecs: ecs.endpoint }],
      });
      new HpcCluster("direct", { name: "render-farm" }, { provider });
      new HpcCluster("proxied", { name: "render-farm" });
    },
    config: { "alicloud:endpoints": endpoints("http://ecs.example.invalid") },
    env: { HTTP_PROXY: proxy.url, HTTPS_PROXY: nobody, NO_PROXY: "example.com,127.0.0.1" },
  });
  await stack.up();
  expect(ecs.store.clusters()).toHaveLength(2);
  const proxied = ecs.requests.filter(({ accountId }) => accountId === ecs.accountId);
  expect(proxied.length).toBeGreaterThan(2);
  expect(proxy.asked).toEqual(proxied.map(() => "POST http://ecs.example.invalid/"));
});

test("HTTPS_PROXY tunnels to an https endpoint, and to STS", async () => {
  await using secure = await startSecureEcs();
  await using sts = await startSts(certificate, () => ({
    key: ecs.accounts.issueToken(ecs.accountId),
    expiresAt: Date.now() + 60 * 60_000,
  }));
  await using proxy = await startForwardProxy((host) =>
    host === "localhost:8443" ? `127.0.0.1:${secure.port}` : sts.host,
  );
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      new HpcCluster("rendering", { name: "render-farm" });
    },
    config: {
      "alicloud:endpoints": endpoints("https://localhost:8443", "localhost:8444"),
      "alicloud:assumeRole": JSON.stringify({ roleArn: `acs:ram::${ecs.accountId}:role/renderer` }),
    },
    env: { HTTPS_PROXY: proxy.url, HTTP_PROXY: nobody },
  });
  const authority = path.join(stack.workDir, "authority.pem");
  writeFileSync(authority, certificate.cert);
  stack.setEnv({ NODE_EXTRA_CA_CERTS: authority });
  await stack.up();
  expect(ecs.store.clusters()).toHaveLength(1);
  expect(new Set(proxy.asked)).toEqual(new Set(["CONNECT localhost:8443", "CONNECT localhost:8444"]));
  // A tunnel to the endpoint is used again: one for the region check, and one for the rest.
  const tunnels = proxy.asked.filter((asked) => asked === "CONNECT localhost:8443");
  expect(tunnels.length).toBeLessThan(ecs.requests.length);
});
