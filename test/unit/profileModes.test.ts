/** Promise: each mode of the CLI's profiles works against its service, or is refused at preview with a text that says why. */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import tls from "node:tls";
import { isMainThread } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { changeProfile } from "../../provider/account/credentials/cliFile.ts";
import { profileModes } from "../../provider/account/credentials/modes.ts";
import type { Environment } from "../../provider/account/settingReader.ts";
import { readSettings, type Settings } from "../../provider/account/settings.ts";
import { systemClock } from "../../provider/ecs/clock.ts";
import type { CredentialSource } from "../../provider/ecs/http/credentialSource.ts";
import {
  type Answer,
  type Asked,
  OauthService,
  startCredentialsUri,
  startSts,
} from "../e2e/account/credentialServers.ts";
import { type ForwardProxy, startForwardProxy } from "../e2e/account/forwardProxy.ts";
import { selfSignedCertificate } from "../e2e/account/selfSignedCertificate.ts";
import { isAlive } from "../engine/engine.ts";
import { runInChild } from "./childProcess.ts";
import { hideDeveloperSettings } from "./developerSettings.ts";
import { failureOf } from "./failureOf.ts";

/** A file that rename() refuses to replace, as the system does with the place of a mount. */
const mounted = vi.hoisted(() => ({ file: undefined as string | undefined }));
vi.mock("node:fs/promises", async (importOriginal) => {
  const original = await importOriginal<typeof import("node:fs/promises")>();
  const rename: typeof original.rename = (from, to) =>
    to === mounted.file
      ? Promise.reject(Object.assign(new Error("resource busy"), { code: "EBUSY" }))
      : original.rename(from, to);
  return { ...original, rename };
});

// A thread, as in `npm run test:mutation`, cannot change its user.
const canChangeUser = process.platform !== "win32" && isMainThread;

const certificate = selfSignedCertificate("oauth.aliyun.com", "oauth.alibabacloud.com");
const trusted = tls.getCACertificates("default");
let folder: string;
let file: string;
beforeAll(() => tls.setDefaultCACertificates([...trusted, certificate.cert]));
afterAll(() => tls.setDefaultCACertificates(trusted));
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "hpc-modes-"));
  file = path.join(folder, "config.json");
  hideDeveloperSettings();
  vi.stubEnv("HOME", folder);
  vi.stubEnv("USERPROFILE", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

type Fields = Record<string, unknown>;
const roleArn = "acs:ram::1000000000000001:role/renderer";
const key = { access_key_id: "LTAIprofile", access_key_secret: "secret-profile" };
const secrets = /secret-|token-|LTAIprofile|oauth-(access|refresh)-/;
const later = () => Date.now() + 60 * 60_000;
const inAnHour = () => Math.floor(later() / 1_000);
const temporary = { accessKeyId: "STS.NT1", accessKeySecret: "secret-1", securityToken: "token-1" };
const asKey = (): Answer => ({ key: temporary, expiresAt: later() });
const asJson = (body: object, status = 200): Answer => ({ status, page: JSON.stringify(body) });

/** Writes profiles; the first is the one that is used. */
function write(...profiles: Fields[]): void {
  writeFileSync(file, JSON.stringify({ current: "other", profiles, meta_path: "" }, null, "\t"));
}

function settingsOf(profiles: Fields[], environment: Environment = {}): Settings {
  write(...profiles);
  return readWith(String(profiles[0]?.["name"]), environment);
}

function readWith(name: string, environment: Environment = {}): Settings {
  const configuration: Fields = { "alicloud:profile": name, "alicloud:sharedCredentialsFile": file };
  return readSettings((each) => configuration[each] as string | undefined, environment);
}

function sourceOf(profiles: Fields[], proxy?: ForwardProxy): CredentialSource {
  const settings = settingsOf(profiles, proxy === undefined ? {} : { HTTPS_PROXY: proxy.url });
  expect(settings.problems).toEqual([]);
  return settings.credentials;
}

/** The only problem, without what every such problem begins with. */
function problemOf({ problems }: Settings): string {
  expect(problems).toHaveLength(1);
  expect(problems[0]?.key).toBe("alicloud:profile");
  const { reason } = problems[0]!;
  expect(reason).not.toMatch(secrets);
  return reason.replace("cannot be used: ", "").replaceAll(file, "FILE");
}

/** The metadata of an ECS instance, whose address is fixed. */
async function startMetadata() {
  const server = await startCredentialsUri(({ method, path: asked }) =>
    method === "PUT"
      ? { status: 200, page: "metadata-token" }
      : asked.endsWith("/security-credentials/")
        ? { status: 200, page: "role-of-the-instance" }
        : { key: { ...temporary, accessKeyId: `STS.${asked.split("/").at(-1)}` }, expiresAt: later() },
  );
  const http = createRequire(import.meta.url)("node:http") as typeof import("node:http");
  const request = http.request.bind(http) as (options: object) => ReturnType<typeof http.request>;
  const [hostname, port] = server.host.split(":");
  vi.spyOn(http, "request").mockImplementation(((options: { host?: string }) =>
    request(
      options.host === "100.100.100.200" ? { ...options, host: hostname, hostname, port } : options,
    )) as typeof http.request);
  return server;
}

/** A command that prints this, with a blank in an argument. */
function printing(output: string, exitCode = 0): string {
  const script = path.join(folder, "print credentials.cjs");
  writeFileSync(
    script,
    `require("fs").appendFileSync(__dirname + "/runs", "x"); console.error("secret-of-stderr");
     console.log(${JSON.stringify(output)}); process.exitCode = ${exitCode};`,
  );
  return `${process.execPath} "${script}"`;
}

interface Working {
  /** The profile; the services that it names are running. */
  profile: (hosts: { sts: string; http: string }) => Fields;
  others?: Fields[];
  answer?: (asked: Asked) => Answer;
  expected: Fields;
  /** What the service was asked. */
  asked?: Fields;
}

const signIn = (http: string): Fields => ({
  cloud_sso_sign_in_url: `http://${http}/start/login`,
  cloud_sso_account_id: "1000000000000001",
  cloud_sso_access_config: "ac-1",
  access_token: "token-of-cloudsso",
  cloud_sso_access_token_expire: inAnHour(),
});
const withRole = (sts: string): Fields => ({ ram_role_arn: roleArn, sts_endpoint: `https://${sts}` });

const working: Record<string, Working> = {
  AK: {
    profile: () => key,
    expected: { accessKeyId: "LTAIprofile", accessKeySecret: "secret-profile", securityToken: undefined },
  },
  StsToken: {
    profile: () => ({ ...key, sts_token: "token-profile" }),
    expected: {
      accessKeyId: "LTAIprofile",
      accessKeySecret: "secret-profile",
      securityToken: "token-profile",
    },
  },
  RamRoleArn: {
    profile: ({ sts }) => ({
      ...key,
      ...withRole(sts),
      sts_token: "token-profile",
      external_id: "outside",
      ram_session_name: "cli",
      expired_seconds: 900,
    }),
    expected: temporary,
    asked: {
      Action: "AssumeRole",
      AccessKeyId: "LTAIprofile",
      SecurityToken: "token-profile",
      RoleArn: roleArn,
      ExternalId: "outside",
      RoleSessionName: "cli",
      DurationSeconds: "900",
    },
  },
  EcsRamRole: {
    profile: () => ({ ram_role_name: "named" }),
    expected: { ...temporary, accessKeyId: "STS.named" },
  },
  RamRoleArnWithRoleName: {
    profile: ({ sts }) => withRole(sts),
    expected: temporary,
    asked: { Action: "AssumeRole", AccessKeyId: "STS.role-of-the-instance", RoleArn: roleArn },
  },
  ChainableRamRoleArn: {
    profile: ({ sts }) => ({ ...withRole(sts), source_profile: "base", external_id: "outside" }),
    others: [{ name: "base", mode: "StsToken", ...key, sts_token: "token-profile" }],
    expected: temporary,
    asked: { AccessKeyId: "LTAIprofile", SecurityToken: "token-profile", ExternalId: "outside" },
  },
  External: {
    profile: () => ({
      process_command: printing(
        '{"mode":"StsToken","access_key_id":"a","access_key_secret":"b","sts_token":"c"}',
      ),
    }),
    expected: { accessKeyId: "a", accessKeySecret: "b", securityToken: "c" },
  },
  CredentialsURI: {
    profile: ({ http }) => ({ credentials_uri: `http://${http}/vault` }),
    expected: temporary,
    asked: {},
  },
  OIDC: {
    profile: ({ sts }) => {
      writeFileSync(path.join(folder, "oidc"), "token-of-oidc");
      return {
        ...withRole(sts),
        oidc_provider_arn: "acs:ram::1:oidc-provider/ci",
        oidc_token_file: path.join(folder, "oidc"),
        ram_session_name: "cli",
      };
    },
    expected: temporary,
    asked: { Action: "AssumeRoleWithOIDC", OIDCToken: "token-of-oidc", RoleSessionName: "cli" },
  },
  CloudSSO: {
    profile: ({ http }) => signIn(http),
    answer({ method, path: asked, headers, body }) {
      expect([method, asked, headers.authorization]).toEqual([
        "POST",
        "/cloud-credentials",
        "Bearer token-of-cloudsso",
      ]);
      expect(headers).toMatchObject({ accept: "application/json", "content-type": "application/json" });
      expect(JSON.parse(body)).toEqual({ AccountId: "1000000000000001", AccessConfigurationId: "ac-1" });
      return asJson({
        CloudCredential: {
          AccessKeyId: temporary.accessKeyId,
          AccessKeySecret: temporary.accessKeySecret,
          SecurityToken: temporary.securityToken,
          Expiration: new Date(later()).toISOString(),
        },
      });
    },
    expected: temporary,
    asked: {},
  },
  OAuth: {
    profile: () => ({ oauth_site_type: "CN", oauth_refresh_token: "oauth-refresh-0" }),
    expected: temporary,
  },
};

const refused: Record<string, string> = {
  RsaKeyPair: "it is deprecated, and works on the Japan site only. Use RamRoleArn or OAuth instead.",
  BearerToken:
    "ECS requests are signed with an access key; a bearer token cannot sign them. Use AK, RamRoleArn or OAuth instead.",
  Anonymous: "ECS answers no request without credentials. Use AK, RamRoleArn or OAuth instead.",
};

test("every mode is tested here", () => {
  expect([...Object.keys(working), ...Object.keys(refused)].sort()).toEqual(Object.keys(profileModes).sort());
});

test.each(Object.entries(working))(
  "%s works, in any case, and changes nothing in the file but tokens",
  async (mode, row) => {
    await using sts = await startSts(certificate, row.answer ?? asKey);
    await using http = await startCredentialsUri(row.answer ?? asKey);
    await using _metadata = await startMetadata();
    await using oauth = await new OauthService(() => ({ key: temporary, expiresAt: later() })).start(
      certificate,
    );
    await using proxy = await startForwardProxy((host) => (host.startsWith("oauth.") ? oauth.host : host));
    for (const spelt of [mode, mode.toLowerCase(), mode.toUpperCase()]) {
      const profile = { name: "work", mode: spelt, ...row.profile({ sts: sts.host, http: http.host }) };
      const source = sourceOf([profile, ...(row.others ?? [])], proxy);
      const before = readFileSync(file, "utf8");
      await expect(source.load(systemClock)).resolves.toEqual(row.expected);
      expect(source.description).toBe(`the profile "work" (alicloud:profile) of ${file}`);
      if (mode === "OAuth") {
        // The refresh token has been used up.
        break;
      }
      expect(readFileSync(file, "utf8")).toBe(before);
    }
    if (row.asked !== undefined) {
      expect([...sts.asked, ...http.asked][0]?.params).toMatchObject(row.asked);
    }
  },
);

test.each(Object.entries(refused))("%s is refused at preview", (mode, reason) => {
  const profile = { name: "work", mode: mode.toLowerCase(), ...key, bearer_token: "token-b" };
  expect(problemOf(settingsOf([profile]))).toBe(
    `the profile "work" of FILE has the mode ${mode}, which is not supported: ${reason}`,
  );
});

test.each(
  Object.entries(profileModes).flatMap(([mode, row]) =>
    "refused" in row ? [] : row.required.map((field) => [mode, field] as const),
  ),
)("%s without %s is refused at preview", (mode, field) => {
  const profile = {
    ...working[mode]!.profile({ sts: "sts", http: "http" }),
    name: "work",
    mode,
    [field]: "",
  };
  expect(problemOf(settingsOf([profile, { name: "base", mode: "AK", ...key }]))).toBe(
    `the profile "work" of FILE has the mode ${mode}, but no ${field}; ` +
      `set it up with \`aliyun configure --profile work --mode ${mode}\`.`,
  );
});

const has = 'the profile "work" of FILE has';
test.each<[string, Fields[], Environment, string]>([
  [
    "an unknown mode",
    [{ mode: "RamRole", ...key }],
    {},
    `${has} the mode "RamRole", which does not exist; the modes that work are AK, StsToken, RamRoleArn, EcsRamRole, ` +
      "RamRoleArnWithRoleName, ChainableRamRoleArn, External, CredentialsURI, OIDC, CloudSSO, OAuth.",
  ],
  [
    "what lacks several fields",
    [{ mode: "OIDC", ram_role_arn: roleArn }],
    {},
    `${has} the mode OIDC, but no oidc_provider_arn, oidc_token_file; ` +
      "set it up with `aliyun configure --profile work --mode OIDC`.",
  ],
  [
    "a URI that is no URL",
    [{ mode: "CredentialsURI", credentials_uri: "ftp://secret-host" }],
    {},
    `${has} the mode CredentialsURI, but its credentials_uri is not an http:// or https:// URL; correct it.`,
  ],
  ["no mode", [key], {}, `${has} no mode; set it up with \`aliyun configure\`.`],
  [
    "a source_profile that does not exist",
    [{ mode: "ChainableRamRoleArn", ram_role_arn: roleArn, source_profile: "lost" }],
    {},
    `${has} the mode ChainableRamRoleArn, but its source_profile "lost" does not exist; correct it.`,
  ],
  [
    "a circle of source profiles",
    [
      { mode: "ChainableRamRoleArn", ram_role_arn: roleArn, source_profile: "base" },
      { name: "base", mode: "ChainableRamRoleArn", ram_role_arn: roleArn, source_profile: "work" },
    ],
    {},
    'the profile "base" of FILE has the mode ChainableRamRoleArn, but its source_profile "work" leads back to it; correct one of them.',
  ],
  [
    "a source profile that is refused",
    [
      { mode: "ChainableRamRoleArn", ram_role_arn: roleArn, source_profile: "base" },
      { name: "base", mode: "Anonymous" },
    ],
    {},
    `the profile "base" of FILE has the mode Anonymous, which is not supported: ${refused["Anonymous"]}`,
  ],
  [
    "an expired access token of CloudSSO",
    [{ mode: "CloudSSO", ...signIn("localhost"), cloud_sso_access_token_expire: 1_700_000_000 }],
    {},
    `${has} the mode CloudSSO, but the CloudSSO access token has expired; sign in again with ` +
      "`aliyun configure --profile work --mode CloudSSO`.",
  ],
  [
    "a wrong OAuth site",
    [{ mode: "OAuth", oauth_site_type: "MARS", oauth_refresh_token: "oauth-refresh-0" }],
    {},
    `${has} the mode OAuth, but its oauth_site_type is "MARS"; give CN or INTL.`,
  ],
  [
    "a short session",
    [{ mode: "RamRoleArn", ...key, ram_role_arn: roleArn, expired_seconds: 60 }],
    {},
    `${has} the mode RamRoleArn, but its expired_seconds is not a number of seconds from 900; correct it.`,
  ],
  [
    "a command that is forbidden",
    [{ mode: "External", process_command: "secret-command" }],
    { ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS: "TRUE" },
    `${has} the mode External, but environment variable ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids that; ` +
      "unset it, or use another profile.",
  ],
  [
    "a URI that is forbidden",
    [{ mode: "CredentialsURI", credentials_uri: "http://localhost/secret-path" }],
    { ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS: "1" },
    `${has} the mode CredentialsURI, but environment variable ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids that; ` +
      "unset it, or use another profile.",
  ],
])("%s is refused at preview", (_, [first, ...others], environment, expected) => {
  expect(problemOf(settingsOf([{ name: "work", ...first }, ...others], environment))).toBe(expected);
});

test.each(["0", "false", "11", "true?"])(
  "ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS=%s forbids nothing",
  (text) => {
    const profile = { name: "work", mode: "External", process_command: "command" };
    expect(settingsOf([profile], { ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS: text }).problems).toEqual([]);
  },
);

describe("a file that cannot be used is refused at preview:", () => {
  test("missing, a folder, not JSON, without profiles, without this profile", () => {
    expect(problemOf(readWith("work"))).toBe(
      "FILE cannot be read (ENOENT); write it with `aliyun configure`.",
    );
    file = folder;
    expect(problemOf(readWith("work"))).toContain(
      "cannot be read (EISDIR); make it a file that this user may read.",
    );
    file = path.join(folder, "config.json");
    writeFileSync(file, '{"secret-');
    expect(problemOf(readWith("work"))).toMatch(/^FILE is not JSON, so it is not a configuration file/);
    writeFileSync(file, "{}");
    expect(problemOf(readWith("work"))).toMatch(/^FILE has no list of profiles, so/);
    const profiles = [
      { name: "rendering", mode: "AK", ...key },
      { name: "archive", mode: "AK", ...key },
    ];
    write(null as never, { mode: "AK" }, ...profiles);
    expect(problemOf(readWith("renderin"))).toBe('FILE has no profile "renderin"; did you mean "rendering"?');
    expect(problemOf(readWith("x"))).toBe('FILE has no profile "x"; its profiles are rendering, archive.');
  });

  test.skipIf(!canChangeUser)("without rights", () => {
    write({ name: "work", mode: "AK", ...key });
    chmodSync(file, 0);
    asOrdinaryUser(() => {
      expect(problemOf(readWith("work"))).toBe(
        "FILE cannot be read (EACCES); make it a file that this user may read.",
      );
    });
  });
});

/** Root may do everything. */
function asOrdinaryUser<T>(run: () => T): T {
  const isRoot = process.geteuid?.() === 0;
  if (!isRoot) {
    return run();
  }
  chmodSync(folder, 0o755);
  process.seteuid!(65_534);
  try {
    return run();
  } finally {
    process.seteuid!(0);
  }
}

describe("External", () => {
  const sourceOfCommand = (process_command: string) =>
    sourceOf([{ name: "work", mode: "External", process_command }]);
  const messageOf = async (source: CredentialSource) => (await failureOf(source.load(systemClock))).message;
  const credentialsOf = (output: string, exitCode = 0) => sourceOfCommand(printing(output, exitCode));
  const runs = () => readFileSync(path.join(folder, "runs"), "utf8").length;

  test("runs the command again only when its credentials end", async () => {
    const printed = { access_key_id: "a", access_key_secret: "b" };
    const lasting = credentialsOf(
      JSON.stringify({ ...printed, expiration: new Date(later()).toISOString() }),
    );
    await lasting.load(systemClock);
    await lasting.load(systemClock);
    expect(runs()).toBe(1);
    const ending = credentialsOf(JSON.stringify({ ...printed, expiration: new Date().toISOString() }));
    await ending.load(systemClock);
    await ending.load(systemClock);
    expect(runs()).toBe(3);
    const unstated = credentialsOf(JSON.stringify(printed));
    await unstated.load(systemClock);
    await unstated.load(systemClock);
    expect(runs()).toBe(4);
  });

  test.each([
    [
      "secret-output",
      0,
      "process_command does not print a JSON object with access_key_id and access_key_secret; correct the command.",
    ],
    [
      '{"access_key_id":"secret-id"}',
      0,
      "process_command does not print a JSON object with access_key_id and access_key_secret; correct the command.",
    ],
    [
      '{"access_key_secret":"secret-x"}',
      0,
      "process_command does not print a JSON object with access_key_id and access_key_secret; correct the command.",
    ],
    ...["AKX", "XAK", "StsTokenX", "XStsToken"].map((mode): [string, number, string] => [
      JSON.stringify({ mode, access_key_id: "secret-id", access_key_secret: "secret-x" }),
      0,
      "process_command prints another mode than AK and StsToken; print one of them.",
    ]),
    [
      '{"mode":"ststoken","access_key_id":"secret-id","access_key_secret":"secret-x"}',
      0,
      "process_command prints the mode StsToken without sts_token; print one.",
    ],
    [
      '{"mode":"RamRoleArn","access_key_id":"secret-id","access_key_secret":"secret-x"}',
      0,
      "process_command prints another mode than AK and StsToken; print one of them.",
    ],
    ["secret-output", 3, "process_command failed with exit code 3; run it in a terminal to see why."],
  ])("that prints %s and exits with %i is an error without the output", async (output, exitCode, reason) => {
    const message = await messageOf(credentialsOf(output, exitCode));
    expect(message).toBe(
      `There are no credentials from the profile "work" (alicloud:profile) of ${file}: ${reason}`,
    );
  });

  test.each(["  ", '""'])("with the command %j is an error", async (command) => {
    expect(await messageOf(sourceOfCommand(command))).toMatch(
      /: process_command is empty; give a command\.$/,
    );
  });

  test.each(['secret-command "x', "secret-command x\\"])(
    "with the open end of %j is an error",
    async (command) => {
      const message = await messageOf(sourceOfCommand(command));
      expect(message).toMatch(/: process_command has an open quote or ends with a backslash; correct it\.$/);
      expect(message).not.toContain("secret-command");
    },
  );

  test("whose command is killed, or does not end, is an error that says so", async () => {
    const messageFrom = (code: string) => {
      const script = path.join(folder, "command.cjs");
      writeFileSync(script, code);
      return messageOf(sourceOfCommand(`${process.execPath} ${script}`));
    };
    expect(await messageFrom("process.kill(process.pid)")).toContain(
      "process_command failed (SIGTERM); run it",
    );
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    const limit = vi.spyOn(AbortSignal, "timeout").mockImplementation(() => timeout(100));
    expect(await messageFrom("setInterval(() => undefined, 1_000)")).toContain(
      "process_command took longer than 60 s; run it",
    );
    expect(limit).toHaveBeenCalledWith(60_000);
  });

  test("as a source profile is named in the error", async () => {
    const source = sourceOf([
      { name: "work", mode: "ChainableRamRoleArn", ram_role_arn: roleArn, source_profile: "base" },
      { name: "base", mode: "External", process_command: "/secret-command" },
    ]);
    expect(await messageOf(source)).toContain(
      `from the profile "work" (alicloud:profile) of ${file} and its source_profile "base": process_command failed`,
    );
  });

  test("whose command does not exist is an error without the command", async () => {
    const message = await messageOf(sourceOfCommand("/secret-command --key x"));
    expect(message).toContain("process_command failed (ENOENT)");
    expect(message).not.toContain("secret-command");
  });
});

describe("CloudSSO", () => {
  test("uses what the CLI has stored while it lasts", async () => {
    const stored = { ...key, sts_token: "token-profile", sts_expiration: inAnHour() };
    const source = sourceOf([{ name: "work", mode: "CloudSSO", ...signIn("127.0.0.1:1"), ...stored }]);
    await expect(source.load(systemClock)).resolves.toMatchObject({ securityToken: "token-profile" });
    for (const field of Object.keys(stored)) {
      await using http = await startCredentialsUri(working["CloudSSO"]!.answer!);
      const part = { ...stored, [field]: "" };
      const asking = sourceOf([{ name: "work", mode: "CloudSSO", ...signIn(http.host), ...part }]);
      await expect(asking.load(systemClock)).resolves.toEqual(temporary);
    }
  });

  test("whose access token ends after the preview is an error, and nothing is asked", async () => {
    const source = sourceOf([{ name: "work", mode: "CloudSSO", ...signIn("127.0.0.1:1") }]);
    vi.spyOn(Date, "now").mockReturnValue(later() + 1_000);
    const { message } = await failureOf(source.load(systemClock));
    expect(message).toMatch(/: the CloudSSO access token has expired; sign in again with `aliyun configure/);
  });

  test("that is too busy, or answers without an end, does not ask for another sign-in", async () => {
    const credential = { AccessKeyId: "a", AccessKeySecret: "b", SecurityToken: "c", Expiration: "soon" };
    for (const [answer, reason] of [
      ...[408, 429, 500].map(
        (status) =>
          [
            asJson({}, status),
            `the answer of CloudSSO cannot be used (HTTP ${status}); try again later.`,
          ] as const,
      ),
      [
        asJson({ CloudCredential: { ...credential, SecurityToken: "" } }),
        "the answer of CloudSSO contains no credentials.",
      ],
      [
        asJson({ CloudCredential: credential }),
        "the answer of CloudSSO has no valid expiration; try again later.",
      ],
    ] as const) {
      await using http = await startCredentialsUri(() => answer);
      const source = sourceOf([{ name: "work", mode: "CloudSSO", ...signIn(http.host) }]);
      const { message } = await failureOf(source.load(systemClock));
      expect(message).toContain(reason);
    }
  });

  test("goes on with credentials that still last if new ones cannot be had", async () => {
    const answers = [
      asJson({
        CloudCredential: {
          AccessKeyId: "a",
          AccessKeySecret: "b",
          SecurityToken: "c",
          // Shortly before their end they are renewed.
          Expiration: new Date(Date.now() + 60_000).toISOString(),
        },
      }),
    ];
    await using http = await startCredentialsUri(() => answers.shift() ?? asJson({}, 503));
    const source = sourceOf([{ name: "work", mode: "CloudSSO", ...signIn(http.host) }]);
    const first = await source.load(systemClock);
    await expect(source.load(systemClock)).resolves.toEqual(first);
    expect(http.asked).toHaveLength(2);
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 120_000);
    expect((await failureOf(source.load(systemClock))).message).toContain("cannot be used (HTTP 503)");
  });

  test("that refuses the sign-in is an error that says how to sign in again, without the answer", async () => {
    await using http = await startCredentialsUri(() => asJson({ ErrorMessage: "secret-answer" }, 401));
    const source = sourceOf([{ name: "work", mode: "CloudSSO", ...signIn(http.host) }]);
    const { message } = await failureOf(source.load(systemClock));
    expect(message).toMatch(
      /: CloudSSO refused the sign-in \(HTTP 401\); sign in again with `aliyun configure --profile work --mode CloudSSO`\.$/,
    );
    expect(message).not.toMatch(secrets);
  });
});

describe("OAuth", () => {
  const profile = (fields: Fields = {}): Fields => ({
    name: "work",
    mode: "OAuth",
    oauth_site_type: "CN",
    oauth_access_token: "oauth-access-old",
    oauth_refresh_token: "oauth-refresh-0",
    oauth_access_token_expire: 1_700_000_000,
    ...fields,
  });
  const other = { name: "other", mode: "AK", ...key, unknown_field: { kept: ["as", 1] } };
  const contentOf = () =>
    JSON.parse(readFileSync(file, "utf8")) as { profiles: Fields[]; current: string; meta_path: string };

  /** The service, and a proxy to it. */
  async function startOauth() {
    const service = new OauthService(() => ({ key: temporary, expiresAt: later() }));
    const server = await service.start(certificate);
    const proxy = await startForwardProxy(() => server.host);
    return {
      service,
      server,
      proxy,
      async [Symbol.asyncDispose]() {
        await proxy[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  test("writes the new tokens to the file that they were read from, and changes nothing else", async () => {
    await using oauth = await startOauth();
    const source = sourceOf([profile(), other], oauth.proxy);
    const real = path.join(folder, "real.json");
    writeFileSync(real, readFileSync(file), { mode: 0o640 });
    chmodSync(real, 0o640);
    rmSync(file);
    symlinkSync(real, file);
    await expect(source.load(systemClock)).resolves.toEqual(temporary);
    const { profiles, ...rest } = contentOf();
    expect(rest).toEqual({ current: "other", meta_path: "" });
    expect(profiles).toEqual([
      profile({
        oauth_access_token: "oauth-access-1",
        oauth_refresh_token: "oauth-refresh-1",
        oauth_access_token_expire: expect.any(Number),
      }),
      other,
    ]);
    expect(profiles[0]?.["oauth_access_token_expire"]).toBeGreaterThan(Date.now() / 1_000 + 3_600);
    expect(readFileSync(file, "utf8")).toBe(JSON.stringify(contentOf(), null, "\t"));
    expect(readdirSync(folder).sort()).toEqual(["config.json", "real.json"]);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(statSync(real).mode & 0o777).toBe(0o640);
    const [renewal] = oauth.server.asked;
    expect(renewal?.headers).toMatchObject({
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(renewal?.headers).not.toHaveProperty("authorization");
    // The home folder of this test is the same folder: nothing was made in it.
    expect(new Set(oauth.proxy.asked)).toEqual(new Set(["CONNECT oauth.aliyun.com:443"]));
  });

  test("keeps its credentials, and does not renew tokens that last", async () => {
    await using oauth = await startOauth();
    oauth.service.accessToken = "oauth-access-old";
    const lasting = { oauth_access_token_expire: inAnHour(), oauth_site_type: "intl" };
    const source = sourceOf([profile(lasting)], oauth.proxy);
    // Nothing is written, so nobody else's lock is waited for.
    writeFileSync(`${file}.lock`, "");
    await source.load(systemClock);
    await source.load(systemClock);
    expect(oauth.server.asked.map((each) => each.path)).toEqual(["/v1/exchange"]);
    expect(new Set(oauth.proxy.asked)).toEqual(new Set(["CONNECT oauth.alibabacloud.com:443"]));
    expect(contentOf().profiles).toEqual([profile(lasting)]);
  });

  test("as the source profile of another keeps its tokens in its own profile", async () => {
    await using oauth = await startOauth();
    await using sts = await startSts(certificate, asKey);
    await using proxy = await startForwardProxy((host) =>
      host.startsWith("oauth.") ? oauth.server.host : host,
    );
    const work = { name: "work", mode: "ChainableRamRoleArn", source_profile: "signed-in" };
    const source = sourceOf([{ ...work, ...withRole(sts.host) }, profile({ name: "signed-in" })], proxy);
    await expect(source.load(systemClock)).resolves.toEqual(temporary);
    expect(contentOf().profiles).toMatchObject([
      { ...work, ...withRole(sts.host) },
      { name: "signed-in", oauth_refresh_token: "oauth-refresh-1" },
    ]);
  });

  test("uses the credentials that the CLI has stored while they last", async () => {
    const stored = { ...key, sts_token: "token-profile", sts_expiration: inAnHour() };
    await expect(sourceOf([profile(stored)]).load(systemClock)).resolves.toMatchObject({
      securityToken: "token-profile",
    });
  });

  test("renews once for several users of the file at the same time, and none loses the newest token", async () => {
    await using oauth = await startOauth();
    const sources = Array.from({ length: 5 }, () => sourceOf([profile()], oauth.proxy));
    const found = await Promise.all(sources.map((source) => source.load(systemClock)));
    expect(found).toEqual(sources.map(() => temporary));
    expect(oauth.service.renewals).toBe(1);
    expect(contentOf().profiles[0]).toMatchObject({ oauth_refresh_token: oauth.service.refreshToken });
    expect(readdirSync(folder)).toEqual(["config.json"]);
  });

  test("keeps what the CLI changes in the file while the tokens are renewed", async () => {
    await using oauth = await startOauth();
    const { answer } = oauth.service;
    await using changing = await startSts(certificate, (asked) => {
      if (asked.path === "/v1/token") {
        write(profile({ output_format: "table" }), other);
      }
      return answer(asked);
    });
    await using proxy = await startForwardProxy(() => changing.host);
    await sourceOf([profile()], proxy).load(systemClock);
    expect(contentOf().profiles).toMatchObject([
      { output_format: "table", oauth_refresh_token: "oauth-refresh-1" },
      other,
    ]);
  });

  test("uses the tokens of the CLI if it has renewed them at the same time", async () => {
    await using oauth = await startOauth();
    const { answer } = oauth.service;
    await using overtaken = await startSts(certificate, (asked) => {
      if (asked.path !== "/v1/token") {
        return answer(asked);
      }
      oauth.service.accessToken = "oauth-access-cli";
      const renewed = { oauth_access_token: "oauth-access-cli", oauth_refresh_token: "oauth-refresh-cli" };
      write(profile({ ...renewed, oauth_access_token_expire: inAnHour() }));
      return asJson({ error: "invalid_grant" }, 400);
    });
    await using proxy = await startForwardProxy(() => overtaken.host);
    await expect(sourceOf([profile()], proxy).load(systemClock)).resolves.toEqual(temporary);
    expect(contentOf().profiles).toMatchObject([{ oauth_refresh_token: "oauth-refresh-cli" }]);
  });

  test("stores the new tokens also if no credentials come of them", async () => {
    await using oauth = await startOauth();
    const { answer } = oauth.service;
    await using failing = await startSts(certificate, (asked) =>
      asked.path === "/v1/exchange" ? { status: 503, page: "secret-page" } : answer(asked),
    );
    await using proxy = await startForwardProxy(() => failing.host);
    const { message } = await failureOf(sourceOf([profile()], proxy).load(systemClock));
    expect(message).toMatch(/the answer of OAuth cannot be used \(HTTP 503\); try again later\.$/);
    expect(contentOf().profiles[0]).toMatchObject({ oauth_refresh_token: "oauth-refresh-1" });
  });

  test("without a lasting end, or without an access token, renews", async () => {
    await using oauth = await startOauth();
    const fields = { oauth_access_token: "", oauth_access_token_expire: inAnHour() };
    await sourceOf([profile(fields)], oauth.proxy).load(systemClock);
    expect(oauth.service.renewals).toBe(1);
  });

  test("whose service gives no new refresh token and no end keeps the old one, for an hour", async () => {
    await using oauth = await startOauth();
    oauth.service.accessToken = "oauth-access-1";
    const { answer } = oauth.service;
    const answers: Fields[] = [{}, { access_token: "oauth-access-1" }];
    await using sparse = await startSts(certificate, (asked) =>
      asked.path === "/v1/token" ? asJson(answers.shift()!) : answer(asked),
    );
    await using proxy = await startForwardProxy(() => sparse.host);
    const source = sourceOf([profile()], proxy);
    const { message } = await failureOf(source.load(systemClock));
    expect(message).toMatch(
      /: the answer of OAuth contains no token; sign in again with `aliyun configure .*CN`\.$/,
    );
    expect(contentOf().profiles).toEqual([profile()]);
    await source.load(systemClock);
    const [{ oauth_access_token_expire: end, ...stored }] = contentOf().profiles as [Fields];
    expect(stored).toMatchObject({
      oauth_access_token: "oauth-access-1",
      oauth_refresh_token: "oauth-refresh-0",
    });
    expect(Math.abs(Number(end) - inAnHour())).toBeLessThan(60);
  });

  test("whose refresh token has gone from the file since the preview is an error that says how to sign in", async () => {
    const source = sourceOf([profile()]);
    write(profile({ oauth_refresh_token: "" }));
    const { message } = await failureOf(source.load(systemClock));
    expect(message).toMatch(
      /: the profile has no oauth_refresh_token; sign in with `aliyun configure .*CN`\.$/,
    );
  });

  test("whose refresh token is refused is an error that says how to sign in again, without a token", async () => {
    await using oauth = await startOauth();
    const source = sourceOf([profile({ oauth_refresh_token: "oauth-refresh-used" })], oauth.proxy);
    const { message } = await failureOf(source.load(systemClock));
    expect(message).toBe(
      `There are no credentials from the profile "work" (alicloud:profile) of ${file}: OAuth refused the sign-in ` +
        "(HTTP 400); sign in again with `aliyun configure --profile work --mode OAuth --oauth-site-type CN`.",
    );
    expect(readdirSync(folder)).toEqual(["config.json"]);
  });

  test.skipIf(!canChangeUser).each([
    ["file", 0o444, 0o777],
    ["folder", 0o666, 0o555],
  ])(
    "in a %s that cannot be changed is refused before the refresh token is used",
    async (_, ofFile, ofFolder) => {
      await using oauth = await startOauth();
      const source = sourceOf([profile()], oauth.proxy);
      chmodSync(file, ofFile);
      chmodSync(folder, ofFolder);
      const isRoot = process.geteuid?.() === 0;
      if (isRoot) {
        chownSync(file, 65_534, 65_534);
        process.setegid!(65_534);
        process.seteuid!(65_534);
      }
      let message: string;
      try {
        ({ message } = await failureOf(source.load(systemClock)));
      } finally {
        if (isRoot) {
          process.seteuid!(0);
          process.setegid!(0);
        }
        chmodSync(folder, 0o755);
      }
      expect(message).toMatch(
        /: the sign-in has to be renewed, but its new tokens could not be stored: .*config\.json cannot be changed \((EACCES|EPERM)\)\. The file must belong to this user, and the file and its folder must be writable\.$/,
      );
      expect(oauth.server.asked).toEqual([]);
      expect(contentOf().profiles).toEqual([profile()]);
    },
  );

  test("writes to a file that cannot be replaced, such as one that is mounted into a container", async () => {
    await using oauth = await startOauth();
    const source = sourceOf([profile(), other], oauth.proxy);
    mounted.file = file;
    await expect(source.load(systemClock)).resolves.toEqual(temporary);
    mounted.file = undefined;
    expect(contentOf().profiles).toMatchObject([{ oauth_refresh_token: "oauth-refresh-1" }, other]);
    expect(readdirSync(folder)).toEqual(["config.json"]);
  });

  test("behind a lock that nobody releases is an error that names the lock", async () => {
    writeFileSync(`${file}.lock`, "");
    write(profile());
    let now = 0;
    const clock = {
      now: () => now,
      sleep: (ms: number) => {
        now += ms;
        return Promise.resolve();
      },
    };
    const { message } = await failureOf(readWith("work").credentials.load(clock));
    expect(message).toContain(`if none runs, delete ${file}.lock.`);
    expect(readdirSync(folder).sort()).toEqual(["config.json", "config.json.lock"]);
  });
});

describe("a search that goes on after its call has given up does not keep the process alive:", () => {
  /** Makes a call with the profile `work` in a process of its own, which ends when nothing keeps it alive. */
  async function callAlone(untilThen = ""): Promise<string> {
    const { stdout } = await runInChild(
      `const { connect } = require("./provider/ecs/connect.ts");
       const { systemClock } = require("./provider/ecs/clock.ts");
       const { readSettings } = require("./provider/account/settings.ts");
       const configuration = { "alicloud:profile": "work", "alicloud:sharedCredentialsFile": ${JSON.stringify(file)} };
       connect(readSettings((key) => configuration[key], {}), systemClock)
         .describeRegions("cn-hangzhou", 300)
         .catch(({ code }) => console.log(code));
       ${untilThen}`,
      {},
    );
    return stdout.trim();
  }

  test("a command, which ends with it", async () => {
    const [script, started] = [path.join(folder, "endless.cjs"), path.join(folder, "started")];
    writeFileSync(
      script,
      `process.on("SIGTERM", () => undefined);
       require("node:fs").writeFileSync(${JSON.stringify(started)}, String(process.pid));
       setInterval(() => undefined, 1_000);`,
    );
    write({ name: "work", mode: "External", process_command: `${process.execPath} ${script}` });
    const untilStarted = `
      const timer = setInterval(() => {
        if (require("node:fs").existsSync(${JSON.stringify(started)})) clearInterval(timer);
      }, 20);`;
    expect(await callAlone(untilStarted)).toBe("CredentialsTimeout");
    const pid = Number(readFileSync(started, "utf8"));
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  }, 45_000);

  test("a wait for a lock that nobody releases", async () => {
    const oauth = { oauth_site_type: "CN", oauth_refresh_token: "oauth-refresh-0" };
    write({ name: "work", mode: "OAuth", ...oauth });
    writeFileSync(`${file}.lock`, "");
    expect(await callAlone()).toBe("CredentialsTimeout");
  }, 45_000);
});

test("a change of a profile returns the profile as it is then, and writes only what changes", async () => {
  write({ name: "work", mode: "OAuth" });
  writeFileSync(file, `${readFileSync(file, "utf8")}\n`);
  const before = readFileSync(file, "utf8");
  const changed = (fields: Fields | undefined) =>
    changeProfile(file, "work", systemClock, () => Promise.resolve(fields));
  await expect(changed(undefined)).resolves.toEqual({ name: "work", mode: "OAuth" });
  expect(readFileSync(file, "utf8")).toBe(before);
  const expected = { name: "work", mode: "OAuth", oauth_site_type: "CN" };
  await expect(changed({ oauth_site_type: "CN" })).resolves.toEqual(expected);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ profiles: [expected] });
  expect(readdirSync(folder)).toEqual(["config.json"]);
});

test("a process that ends while it renews tokens leaves no lock", async () => {
  write({ name: "work", mode: "OAuth" });
  await runInChild(
    `const { changeProfile } = require("./provider/account/credentials/cliFile.ts");
     const { systemClock } = require("./provider/ecs/clock.ts");
     changeProfile(${JSON.stringify(file)}, "work", systemClock, () => process.exit());`,
    {},
  );
  expect(readdirSync(folder)).toEqual(["config.json"]);
});

describe("the default chain", () => {
  const settings = (environment: Environment = {}, configuration: Fields = {}) =>
    readSettings((each) => configuration[each] as string | undefined, environment);
  const inHome = (current: string | undefined, ...profiles: Fields[]) => {
    const home = path.join(folder, ".aliyun");
    rmSync(home, { recursive: true, force: true });
    mkdirSync(home);
    writeFileSync(path.join(home, "config.json"), JSON.stringify({ current, profiles }));
  };

  // Its last member is not available here.
  beforeEach(() => void vi.stubEnv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"));

  test("takes the CLI's current profile, unless that is turned off", async () => {
    inHome("work", { name: "work", mode: "ak", ...key });
    const { credentials } = settings();
    expect(credentials.description).toBe(
      `the profile "work" (the CLI's current profile) of ${path.join(folder, ".aliyun", "config.json")}`,
    );
    await expect(credentials.load(systemClock)).resolves.toMatchObject({ accessKeyId: "LTAIprofile" });
    const without = settings({ ALIBABA_CLOUD_CLI_PROFILE_DISABLED: "True" }).credentials;
    const { message } = await failureOf(without.load(systemClock));
    expect(message).toContain("ALIBABA_CLOUD_CLI_PROFILE_DISABLED turns it off.");
  });

  test("takes the profile default if the CLI has named none", () => {
    inHome(undefined, { name: "default", mode: "AK", ...key });
    expect(settings().credentials.description).toMatch(
      /^the profile "default" \(the CLI's current profile\)/,
    );
  });

  test("goes on after a profile that cannot be used, and says why it could not", async () => {
    inHome("work", { name: "work", mode: "BearerToken", bearer_token: "token-b" });
    const { problems, credentials } = settings();
    expect(problems).toEqual([]);
    const { message } = await failureOf(credentials.load(systemClock));
    expect(message).toContain("has the mode BearerToken, which is not supported");
    expect(message).not.toMatch(secrets);
  });
});

test("sharedCredentialsFile without a profile is refused at preview, unless other credentials are given", () => {
  const read = (configuration: Fields, environment: Environment = {}) =>
    readSettings((each) => configuration[each] as string | undefined, environment).problems;
  const reason = "is set, but no profile of that file is; set alicloud:profile, or unset it.";
  expect(read({ "alicloud:sharedCredentialsFile": file })).toEqual([
    { key: "alicloud:sharedCredentialsFile", reason },
  ]);
  expect(read({}, { ALICLOUD_SHARED_CREDENTIALS_FILE: file })).toEqual([
    { key: "environment variable ALICLOUD_SHARED_CREDENTIALS_FILE", reason },
  ]);
  // The SDKs' own variable for ~/.alibabacloud/credentials.
  expect(read({}, { ALIBABA_CLOUD_CREDENTIALS_FILE: file })).toEqual([]);
  const role = { "alicloud:ecsRoleName": "instance" };
  expect(read({ "alicloud:sharedCredentialsFile": file, ...role })).toEqual([]);
});
