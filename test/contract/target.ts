/**
 * The ECS that the contract is run against: the emulator, or the real service where `CONTRACT_PREFIX` is set. Only
 * `npm run test:cloud` sets it, so that `npm test` never calls an account that happens to be in the environment.
 */
import { setTimeout as pause } from "node:timers/promises";
import { startEmulator } from "../../emulator/emulator.ts";
import { describeRegion } from "../../emulator/regions.ts";
import { type Answered, type Asking, type Overrides, ask } from "../emulator/rawRequest.ts";

export type { Answered, Asking, Overrides };

/** Where the calls go, and as whom. */
export interface Target {
  /** Whether it is the real service (or what stands in for it in the tests of `npm run test:cloud`). */
  readonly isService: boolean;
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken: string | undefined;
  readonly region: string;
  readonly otherRegion: string;
  /** Every cluster that a test creates has it at the start of its name or of its description. */
  readonly prefix: string;
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Starts the emulator, or reads from the environment which account of the real service to use. */
export async function openTarget(environment: Environment = process.env): Promise<Target> {
  const prefix = environment["CONTRACT_PREFIX"];
  if (prefix !== undefined) {
    return serviceIn(environment, prefix);
  }
  const emulator = await startEmulator();
  const { endpoint, accessKeyId, accessKeySecret, securityToken } = emulator;
  return {
    ...{
      isService: false,
      endpoint,
      accessKeyId,
      accessKeySecret,
      securityToken,
      prefix: "hpctest-emulator-",
    },
    ...{ region: "cn-hangzhou", otherRegion: "cn-beijing", close: () => emulator.stop() },
  };
}

/** The account in the environment. Throws an error that names the variables that are missing. */
export function serviceIn(environment: Environment, prefix: string): Target {
  const value = (name: string): string => environment[name]?.trim() ?? "";
  const missing = ["ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_REGION"].filter(
    (name) => value(name) === "",
  );
  if (missing.length > 0) {
    throw new Error(`An account is required. Set ${missing.join(", ")} in the environment.`);
  }
  const region = value("ALICLOUD_REGION");
  // It becomes part of the host that signed requests are sent to.
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(region)) {
    throw new Error(`ALICLOUD_REGION must be an id such as cn-hangzhou, not ${JSON.stringify(region)}.`);
  }
  const host = value("ALIBABA_CLOUD_ENDPOINT_ECS") || describeRegion(region).RegionEndpoint;
  const endpoint = /^https?:\/\//i.test(host) ? host.replace(/\/+$/, "") : `https://${host}`;
  if (!URL.canParse(endpoint)) {
    throw new Error(`ALIBABA_CLOUD_ENDPOINT_ECS must be a host or a URL, not ${JSON.stringify(host)}.`);
  }
  return {
    ...{ isService: true, endpoint, region, prefix },
    accessKeyId: value("ALICLOUD_ACCESS_KEY"),
    accessKeySecret: value("ALICLOUD_SECRET_KEY"),
    securityToken: value("ALICLOUD_SECURITY_TOKEN") || undefined,
    otherRegion: region === "cn-beijing" ? "cn-hangzhou" : "cn-beijing",
    close: async () => {},
  };
}

const paceMs = 200;
let nextCallAt = 0;

/** One signed call. To the real service it is paced, and repeated on throttling and passing failures. */
export async function call(
  target: Target,
  action: string,
  parameters: Overrides = {},
  asking: Asking = {},
): Promise<Answered> {
  if (!target.isService) {
    return await ask(target, action, parameters, asking);
  }
  // Repeating a creation without a token could create a second cluster.
  const repeatable = action !== "CreateHpcCluster" || (parameters["ClientToken"] ?? "") !== "";
  for (let attempt = 1; ; attempt += 1) {
    await nextTurn(target);
    const answer = await ask(target, action, parameters, {
      signal: AbortSignal.timeout(30_000),
      ...asking,
    }).catch((error: unknown) => {
      if (!repeatable || attempt >= 3) {
        throw error;
      }
      return undefined;
    });
    const throttled = String(answer?.json["Code"]).includes("Throttling");
    const failed = answer === undefined || answer.status >= 500;
    // Throttling may last a minute; other failures are over sooner, or stay.
    const attempts = throttled ? 7 : failed && repeatable ? 3 : 1;
    if (answer !== undefined && attempt >= attempts) {
      return answer;
    }
    await pause(1_000 * 2 ** (attempt - 1));
  }
}

async function nextTurn(target: Target): Promise<void> {
  const startAt = Math.max(Date.now(), nextCallAt);
  nextCallAt = startAt + (new URL(target.endpoint).hostname === "127.0.0.1" ? 0 : paceMs);
  await pause(Math.max(0, startAt - Date.now()));
}

/** A cluster as DescribeHpcClusters returns it. */
export interface Cluster {
  readonly HpcClusterId: string;
  readonly Name: string;
  readonly Description: string;
}

/** The clusters in an answer of DescribeHpcClusters. */
export function clustersIn({ json }: Answered): Cluster[] {
  return (json as { HpcClusters?: { HpcCluster?: Cluster[] } }).HpcClusters?.HpcCluster ?? [];
}

/** Every cluster of the region whose name or description starts with the text. */
export async function clustersWithPrefix(target: Target, prefix: string): Promise<Cluster[]> {
  const found: Cluster[] = [];
  for (let page = 1; ; page += 1) {
    const parameters = { RegionId: target.region, PageSize: "100", PageNumber: String(page) };
    const answer = await call(target, "DescribeHpcClusters", parameters);
    if (answer.status !== 200) {
      throw new Error(`DescribeHpcClusters in ${target.region}: ${errorIn(answer)}`);
    }
    found.push(...clustersIn(answer));
    if (page * 100 >= Number(answer.json["TotalCount"])) {
      return found.filter(({ Name, Description }) =>
        [Name, Description].some((text) => text.startsWith(prefix)),
      );
    }
  }
}

/** The status, code and message of an answer, without the string to sign that SignatureDoesNotMatch quotes. */
export function errorIn({ status, json }: Answered): string {
  return `${status} ${String(json["Code"])}: ${messageIn(json)}`;
}

/** The message of an error, without the string to sign: that contains the key id and the security token. */
export function messageIn(json: Answered["json"]): string {
  return String(json["Message"]).replace(/[\s,;:.]*server string to sign is.*/is, ".");
}
