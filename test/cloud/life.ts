/** One whole life of a cluster: the provider on the real engine, against that service. */
import { setTimeout as pause } from "node:timers/promises";
import type { HpcClusterArgs } from "pulumi-alicloud-hpc";
import { type Transcript, type TestStack, createStack } from "../engine/stack.ts";
import type { Credentials } from "./account.ts";
import { type Calls, type Item, outcomeOf, succeeded } from "./calls.ts";
import type { Finding } from "./comparison.ts";
import { listClusters } from "./leftovers.ts";

/** Everything that a life needs. */
interface LifeParts {
  readonly calls: Calls;
  readonly credentials: Credentials;
  readonly region: string;
  /** Undefined to see whether the provider finds the region's own. */
  readonly otherEndpoint: string | undefined;
  readonly prefix: string;
  readonly signal: AbortSignal;
  readonly findings: Finding[];
  readonly progress: (line: string) => void;
}

/** The group of these findings. */
const lifeGroup = "A whole life with the provider";

const clusterType = "pulumi-nodejs:dynamic/alicloud:HpcCluster";
const shownWithinMs = 30_000;

/** Lives from preview to destroy; the first step that fails is the last but the destroy. Both are findings. */
export async function live(parts: LifeParts): Promise<void> {
  const { calls, region, prefix, signal, findings, progress } = parts;
  const { HpcCluster } = await import("pulumi-alicloud-hpc");
  const name = `${prefix}life`;
  let args: HpcClusterArgs = { name, description: "Nightly frames" };
  await using stack = await createStack({
    projectName: "cloud",
    program: async () => ({ clusterId: new HpcCluster("rendering", args).id }),
    // Not as configuration: its secrets would pass through command lines.
    env: environmentFor(parts),
  });
  const options = { signal };
  let id = "";

  /** The clusters of this life, when they are as wanted or half a minute has passed. */
  const there = async (wanted: (items: Item[]) => boolean): Promise<string> => {
    const until = Date.now() + shownWithinMs;
    for (;;) {
      const items = (await listClusters(calls, region)).filter(
        (item) => item.name?.startsWith(name) === true,
      );
      if (wanted(items) || Date.now() > until) {
        id = items[0]?.id ?? id;
        return items.length === 0 ? "nothing there" : items.map((item) => shown(item, prefix)).join(" and ");
      }
      await pause(500, undefined, { signal });
    }
  };
  const nothing = () => there((items) => items.length === 0);
  const asWritten = () =>
    there(
      (items) =>
        items.length === 1 &&
        items[0]!.name === args.name &&
        (items[0]!.description ?? "") === (args.description ?? ""),
    );

  const step = async (title: string, emulator: string, run: () => Promise<string>): Promise<boolean> => {
    signal.throwIfAborted();
    progress(`${lifeGroup}: ${title}`);
    let service: string;
    let message: string | undefined;
    try {
      service = await run();
    } catch (error) {
      if (signal.aborted) throw error;
      service = "it failed";
      message = reasonOf(error);
    }
    const same = service === emulator;
    findings.push({
      ...{ group: lifeGroup, name: title, emulator, service, same },
      ...(message === undefined ? {} : { message }),
    });
    return message === undefined;
  };

  const steps: readonly (readonly [title: string, emulator: string, run: () => Promise<string>])[] = [
    [
      "preview",
      "create; nothing there",
      async () => `${ops(await stack.preview(options))}; ${await nothing()}`,
    ],
    [
      "up",
      'create; "life" "Nightly frames"',
      async () => `${ops(await up(stack, signal))}; ${await asWritten()}`,
    ],
    [
      "up again",
      'same; "life" "Nightly frames"',
      async () => `${ops(await up(stack, signal))}; ${await asWritten()}`,
    ],
    [
      "another name and description",
      'update; "life-2" "夜间渲染 & stills"',
      async () => {
        args = { name: `${name}-2`, description: "夜间渲染 & stills" };
        return `${ops(await up(stack, signal))}; ${await asWritten()}`;
      },
    ],
    [
      "a change from outside, refresh",
      'refresh; state "Changed outside"',
      async () => {
        const description = "Changed outside";
        const changed = await calls.ask("ModifyHpcClusterAttribute", {
          RegionId: region,
          HpcClusterId: id,
          Description: description,
        });
        if (!succeeded(changed)) return `the change: ${outcomeOf(changed)}`;
        await there((items) => items[0]?.description === description);
        const refresh = ops(await stack.refresh(options));
        return `${refresh}; state ${JSON.stringify(stack.state().resource("rendering").outputs?.["description"])}`;
      },
    ],
    [
      "up reverts it",
      'update; "life-2" "夜间渲染 & stills"',
      async () => `${ops(await up(stack, signal))}; ${await asWritten()}`,
    ],
    [
      "no description any more",
      'update; "life-2" ""',
      async () => {
        args = { name: `${name}-2` };
        return `${ops(await up(stack, signal))}; ${await asWritten()}`;
      },
    ],
    [
      "refresh without a change",
      "refresh; nothing differs",
      async () => {
        const { steps: seen, changeSummary } = resultOf(await stack.refresh(options));
        const same = (changeSummary["update"] ?? 0) + (changeSummary["delete"] ?? 0) === 0;
        return `${ops({ steps: seen })}; ${same ? "nothing differs" : JSON.stringify(changeSummary)}`;
      },
    ],
  ];
  for (const [title, emulator, run] of steps) if (!(await step(title, emulator, run))) break;
  await step("destroy", "delete; nothing there", async () => {
    return `${ops(await stack.destroy(options))}; ${await nothing()}`;
  });
}

const up = (stack: TestStack, signal: AbortSignal) => stack.up({ signal });

function resultOf(result: Transcript & { summary: { resourceChanges?: Record<string, number> } }) {
  return { steps: result.steps, changeSummary: result.summary.resourceChanges ?? {} };
}

/** What the engine did with the cluster. */
function ops({ steps }: Pick<Transcript, "steps">): string {
  return steps
    .filter(({ type }) => type === clusterType)
    .map(({ op }) => op)
    .join(" and ");
}

function shown({ name, description }: Item, prefix: string): string {
  return `${JSON.stringify(name?.slice(prefix.length))} ${JSON.stringify(description ?? "")}`;
}

function environmentFor({ credentials, region, otherEndpoint }: LifeParts): Record<string, string> {
  return {
    ALICLOUD_ACCESS_KEY: credentials.accessKeyId,
    ALICLOUD_SECRET_KEY: credentials.accessKeySecret,
    ...(credentials.securityToken === undefined
      ? {}
      : { ALICLOUD_SECURITY_TOKEN: credentials.securityToken }),
    ALICLOUD_REGION: region,
    ...(otherEndpoint === undefined ? {} : { ALIBABA_CLOUD_ENDPOINT_ECS: otherEndpoint }),
  };
}

/** What the engine's output says was wrong, each thing once. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = "output" in error && typeof error.output === "string" ? error.output : error.message;
  const said = [...text.matchAll(/\berror: (.+)/g)]
    .map(([, reason = ""]) => reason.trim())
    .filter((reason) => reason !== "update failed");
  return said.length > 0 ? [...new Set(said)].join("; ") : text.replaceAll(/\s+/g, " ").trim().slice(0, 500);
}
