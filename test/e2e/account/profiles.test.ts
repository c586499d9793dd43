/**
 * Promises: renewed OAuth tokens go back to the file that they were read from, and nowhere else; credentials that take long cost
 * only the checks, and a creation waits for them. Every mode, and what is refused: test/unit/profileModes.test.ts.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../../emulator/emulator.ts";
import { createEcsStack } from "../ecsStack.ts";
import { dynamicHost, pluginHost } from "../hosts.ts";
import { OauthService } from "./credentialServers.ts";
import { warningsIn } from "./diagnostics.ts";
import { startForwardProxy } from "./forwardProxy.ts";
import { selfSignedCertificate } from "./selfSignedCertificate.ts";

let ecs: Emulator;
beforeEach(async () => void (ecs = await startEmulator()));
afterEach(() => ecs.stop());

const withoutKeys = { "alicloud:accessKey": undefined, "alicloud:secretKey": undefined };

const oauthProfile = {
  name: "work",
  mode: "OAuth",
  oauth_site_type: "CN",
  oauth_access_token: "oauth-access-expired",
  oauth_refresh_token: "oauth-refresh-0",
  oauth_access_token_expire: 1_700_000_000,
};
const fileOf = (profile: object) =>
  JSON.stringify({ current: "work", profiles: [profile], meta_path: "" }, null, "\t");
// Both hosts get their credentials from the same code: each test runs on one of them.
const program = async () => {
  new dynamicHost.HpcCluster("rendering", { name: "render-farm" });
};

test("writes renewed OAuth tokens to sharedCredentialsFile only", async () => {
  const service = new OauthService(() => ({
    key: ecs.accounts.issueToken(ecs.accountId),
    expiresAt: Date.now() + 60 * 60_000,
  }));
  const certificate = selfSignedCertificate("oauth.aliyun.com");
  await using oauth = await service.start(certificate);
  await using proxy = await startForwardProxy(() => oauth.host);
  await using stack = await createEcsStack(ecs, {
    program,
    config: withoutKeys,
    env: { HTTPS_PROXY: proxy.url },
  });
  const [authority, file] = ["authority.pem", "shared.json"].map((name) => path.join(stack.workDir, name));
  const home = path.join(stack.workDir, "home");
  const inHome = path.join(home, ".aliyun", "config.json");
  mkdirSync(path.dirname(inHome), { recursive: true });
  writeFileSync(authority!, certificate.cert);
  writeFileSync(file!, fileOf(oauthProfile));
  // With the same name: what is written to the wrong file would be seen.
  writeFileSync(inHome, fileOf(oauthProfile));
  stack.setEnv({ NODE_EXTRA_CA_CERTS: authority!, HOME: home, USERPROFILE: home });
  await stack.setConfig({ "alicloud:profile": "work", "alicloud:sharedCredentialsFile": file! });
  await stack.up();
  expect(ecs.store.clusters()).toHaveLength(1);
  expect(service.renewals).toBe(1);
  expect(JSON.parse(readFileSync(file!, "utf8"))).toEqual({
    current: "work",
    profiles: [
      {
        ...oauthProfile,
        oauth_access_token: service.accessToken,
        oauth_refresh_token: service.refreshToken,
        oauth_access_token_expire: expect.any(Number),
      },
    ],
    meta_path: "",
  });
  expect(readFileSync(inHome, "utf8")).toBe(fileOf(oauthProfile));
  expect(stack.stateText()).not.toMatch(/oauth-(access|refresh)-|STS\.NT|CAIS/);
  // The next process reads the new tokens.
  await stack.destroy();
  expect(ecs.store.clusters()).toEqual([]);
  expect(service.renewals).toBe(1);
});

test("checks without the credentials of a command that does not end, and waits for them to create", async () => {
  const { hpcClusterId: adopt } = ecs.store.add({ name: "adopted" });
  await using stack = await createEcsStack(ecs, {
    program: async () => {
      new pluginHost.HpcCluster("rendering", { name: "render-farm" });
      new pluginHost.HpcCluster("adopted", { name: "adopted", adopt });
    },
    config: withoutKeys,
  });
  const [file, script, signal, pids] = ["shared.json", "command.cjs", "signed-in", "pids"].map((name) =>
    path.join(stack.workDir, name),
  ) as [string, string, string, string];
  const printed = { access_key_id: ecs.accessKeyId, access_key_secret: ecs.accessKeySecret };
  writeFileSync(
    script,
    `const fs = require("node:fs");
       fs.appendFileSync(${JSON.stringify(pids)}, process.pid + " ");
       setInterval(() => {
         if (fs.existsSync(${JSON.stringify(signal)})) {
           console.log(${JSON.stringify(JSON.stringify(printed))});
           process.exit();
         }
       }, 20);`,
  );
  const profile = { name: "work", mode: "External", process_command: `${process.execPath} ${script}` };
  writeFileSync(file, fileOf(profile));
  await stack.setConfig({ "alicloud:profile": "work", "alicloud:sharedCredentialsFile": file });

  const running = stack.start("up");
  await running.event(({ diagnosticEvent }) => /to adopt could not be/.test(diagnosticEvent?.message ?? ""));
  expect(ecs.requests).toEqual([]);
  writeFileSync(signal, "");
  const up = await running.result;
  const warnings = warningsIn(up).map(({ message }) => message);
  for (const about of [
    "The regions could not be checked",
    "The HPC cluster to adopt could not be compared",
  ]) {
    expect(warnings.filter((message) => message.includes(about))).toEqual([
      expect.stringContaining(`CredentialsTimeout: credentials from the profile "work" (`) as string,
    ]);
  }
  expect(up.output).toContain("took longer than 5 s");
  expect(ecs.store.clusters().map(({ name }) => name)).toEqual(["adopted", "render-farm"]);
  // The process has searched once.
  expect(readFileSync(pids, "utf8").trim().split(" ")).toHaveLength(1);
});
