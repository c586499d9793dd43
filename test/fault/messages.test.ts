/**
 * What a user reads when something goes wrong: the "Diagnostics" of the CLI, kept in messages.md. A change there is to be
 * read like a change of the documentation: `vitest run --project engine test/fault/messages.test.ts -u`.
 */
import { HpcCluster, type HpcClusterArgs } from "pulumi-alicloud-hpc";
import { expect, vi } from "vitest";
import { createEcsStack, failureOf } from "../e2e/ecsStack.ts";
import type { ActionName, Emulator, FaultRule } from "../../emulator/emulator.ts";
import type { Program, TestStack, Transcript } from "../engine/stack.ts";
import { test } from "./localEcs.ts";

vi.setConfig({ testTimeout: 300_000 });

const chapters: { title: string; entries: { title: string; text: string }[] }[] = [];

/** The part of the output that explains, without what differs from run to run. */
function diagnosticsOf(ecs: Emulator, { output }: Transcript): string {
  const start = output.indexOf("Diagnostics:");
  expect(start, output).toBeGreaterThanOrEqual(0);
  const end = /^(Resources|Outputs|Duration|info|Policies|error|Summary)\b/m.exec(output.slice(start))?.index;
  const text = output
    .slice(start, end === undefined ? undefined : start + end)
    .replaceAll(ecs.endpoint, "http://ENDPOINT")
    .replace(/http:\/\/127\.0\.0\.1:\d+/g, "http://ENDPOINT")
    .replace(/[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}/g, "REQUEST-ID")
    .replace(/hpc-[a-z0-9]{16}/g, "hpc-ID")
    .replace(/\d+ attempts over \d+\.\d s/g, "N attempts over N s")
    // On a slow machine the time for repetitions may be over after the first attempt.
    .replace(new RegExp(`^(.*(?:${transient.join("|")}): .*)attempt 1\\)`, "gm"), "$1N attempts over N s)");
  return inOrder(text.split("\n").map((line) => line.trimEnd()));
}

/** What passes by itself: how often it was sent depends on the time there was. */
const transient = [
  "ECONNRESET",
  "InternalError",
  "IdempotentProcessing",
  "RequestTimeout",
  "ServiceUnavailable",
  "SystemBusy",
  "Throttling\\.User",
  "UnreadableAnswer",
];

/** The resources, and what is said of each, in an order of their own: the CLI prints them as they come. */
function inOrder([heading = "", ...lines]: string[]): string {
  const blocks: { resource: string; lines: string[] }[] = [];
  for (const line of lines.filter((one) => one !== "")) {
    if (/^ {2}\S/.test(line)) blocks.push({ resource: line, lines: [] });
    else blocks.at(-1)?.lines.push(line);
  }
  return [
    heading,
    ...blocks
      .toSorted((a, b) => (a.resource < b.resource ? -1 : 1))
      .flatMap((block) => [block.resource, ...block.lines.toSorted()]),
  ].join("\n");
}

/** Neither a frame of a stack nor the path of a file of ours. */
function expectNoTrace({ output }: Transcript): void {
  // With `continueOnError` the SDK says of each resource that failed, with a stack of its own, that it failed.
  const ours = output.replaceAll(
    /Unhandled exception: Error: resource .* failed to register(\n\s+at .*)*/g,
    "",
  );
  expect(ours).not.toMatch(/^\s*at .+:\d+:\d+\)?$/m);
  expect(ours).not.toMatch(/(node_modules|dist)[\\/]\S*\.[jt]s/);
  expect(output).not.toMatch(/\b(TypeError|ReferenceError|EcsError|InitializationError|PlainError)\b/);
  expect(output).not.toContain("[object Object]");
}

function keep(chapter: string, title: string, text: string): void {
  let found = chapters.find((one) => one.title === chapter);
  if (found === undefined) chapters.push((found = { title: chapter, entries: [] }));
  found.entries.push({ title, text });
}

const program =
  (args: HpcClusterArgs): Program =>
  async () => {
    new HpcCluster("rendering", args);
  };

/** Each line of the reference's tables: status, code, the service's message. */
const table: Record<
  "CreateHpcCluster" | "DescribeHpcClusters" | "ModifyHpcClusterAttribute" | "DeleteHpcCluster",
  [number, string, string][]
> = {
  CreateHpcCluster: [
    [
      400,
      "MissingParameter",
      "The input parameter RegionId that is mandatory for processing this request is not supplied.",
    ],
    [400, "InvalidHpcClusterName.Malformed", "Specified hpc cluster name is not valid."],
    [400, "InvalidHpcClusterDescription.Malformed", "The specified parameter Description is not valid."],
    [404, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.'],
    [404, "InternalError", "Failed to create hpc cluster"],
    [400, "Invalid.Parameter", "Invalid parameters"],
    [
      400,
      "IdempotentParameterMismatch",
      "The specified parameter has changed while using an already used clientToken.",
    ],
    [403, "IdempotentProcessing", "The previous idempotent request(s) is still processing."],
    [
      403,
      "Forbidden.RAM",
      "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    ],
    [400, "Throttling.User", "Request was denied due to user flow control."],
    [503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."],
    [400, "SystemBusy", "The system is busy."],
    [400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation."],
    [400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."],
    [400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."],
    [400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."],
    [400, "SignatureNonceUsed", "Specified signature nonce was used already."],
    [404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."],
    [400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."],
    [400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."],
    [400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed."],
    [400, "MissingName", "Name is mandatory for this action."],
  ],
  DescribeHpcClusters: [
    [400, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.'],
    [
      400,
      "MissingParameter.HpcClusterId",
      "The input parameter HpcClusterId that is mandatory for processing this request is not supplied.",
    ],
    [400, "InvalidHpcClusterIds.ExceedLimit", "The number of the specified HpcClusterIds exceeds the limit."],
    [400, "InvalidHpcClusterIds.Malformed", "The specified parameter HpcClusterIds is not valid."],
    [400, "Invalid.Parameter", "Invalid parameters"],
  ],
  ModifyHpcClusterAttribute: [
    [
      400,
      "MissingParameter",
      "The input parameter HpcClusterId that is mandatory for processing this request is not supplied.",
    ],
    [400, "InvalidHpcClusterName.Malformed", "Specified hpc cluster name is not valid."],
    [400, "InvalidHpcClusterDescription.Malformed", "The specified parameter Description is not valid."],
    [400, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.'],
    [400, "Invalid.Parameter", "Invalid parameters"],
    [400, "InvalidModifyInfo", "Modify info is invalid, name/description must not null at the same time"],
    [400, "HPC_CLUSTER_MODIFY_FAILED", "Modify failed, possibly this hpc cluster does not exist"],
    [400, "HpcClusterNotExists", "The specified hpc cluster does not exist"],
  ],
  DeleteHpcCluster: [
    [
      400,
      "MissingParameter.RegionId",
      "The input parameter RegionId that is mandatory for processing this request is not supplied.",
    ],
    [
      400,
      "MissingParameter.HpcClusterId",
      "The input parameter HpcClusterId that is mandatory for processing this request is not supplied.",
    ],
    [400, "Invalid.Parameter", "Invalid parameters"],
    [404, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.'],
    [400, "NotEmpty.HpcCluster", "The specified hpc cluster is not empty, still contains instances."],
  ],
};

/** A cluster for each error, each in a region of its own, so that one operation has them all. */
const many =
  (ecs: Emulator, count: number, suffix: string): Program =>
  async () => {
    for (let at = 0; at < count; at += 1) {
      new HpcCluster(`cluster-${String(at).padStart(2, "0")}`, {
        name: `farm-${at}${suffix}`,
        regionId: ecs.regions[at]!,
      });
    }
  };

const commands = {
  CreateHpcCluster: [
    "pulumi up, of a new cluster",
    (stack: TestStack) => stack.up({ continueOnError: true }),
  ],
  DescribeHpcClusters: ["pulumi refresh", (stack: TestStack) => stack.refresh()],
  ModifyHpcClusterAttribute: [
    "pulumi up, of a changed name",
    (stack: TestStack) => stack.up({ continueOnError: true }),
  ],
  DeleteHpcCluster: ["pulumi destroy", (stack: TestStack) => stack.destroy({ continueOnError: true })],
} as const satisfies Partial<Record<ActionName, unknown>>;

test.for(Object.keys(table) as (keyof typeof table)[])(
  "every documented error of %s",
  async (action, { ecs }) => {
    const errors = table[action];
    const [command, run] = commands[action];
    await using stack = await createEcsStack(ecs, {
      program: many(ecs, errors.length, ""),
      config: { "alicloud:maxRetryTimeout": "1" },
    });
    if (action !== "CreateHpcCluster") await stack.up();
    stack.setProgram(many(ecs, errors.length, action === "CreateHpcCluster" ? "" : "-b"));
    for (const [at, [status, code, message]] of errors.entries()) {
      ecs.faults.add({ kind: "error", action, status, code, message, regionId: ecs.regions[at]! });
    }
    const failure = await failureOf(run(stack));
    expectNoTrace(failure);
    const text = diagnosticsOf(ecs, failure);
    for (const [at, [status, code]] of errors.entries()) {
      const line = text.split("\n").find((one) => one.includes(`${action} in ${ecs.regions[at]}: `));
      expect(line, `${status} ${code} in\n${text}`).toContain(`${code}: `);
      keep(
        `${command}: errors of ${action}`,
        `${status} ${code}`,
        // Under the resource it comes after "error: ", under the stack, where the SDK prints it too, after our name.
        line!.slice(line!.indexOf(action)).replaceAll(ecs.regions[at]!, "cn-hangzhou"),
      );
    }
  },
);

/** Everything that is wrong before the service is asked, and everything on the way. */
const chapter = "Before the service, and on the way to it";
async function tell(ecs: Emulator, title: string, run: () => Promise<Transcript>): Promise<string> {
  const failure = await failureOf(run());
  expectNoTrace(failure);
  const text = diagnosticsOf(ecs, failure);
  keep(chapter, title, text);
  return text;
}

test("every rule at once, at a preview", async ({ ecs }) => {
  const args = {
    name: "2nd farm!",
    description: "http://x",
    regionId: "Hangzhou",
    clientToken: "é".repeat(65),
    nmae: "render-farm",
  };
  await using stack = await createEcsStack(ecs, { program: program(args) });
  await tell(ecs, "pulumi preview: every rule broken at once", () => stack.preview());
  stack.setProgram(program({ name: "render-farm", regionId: "cn-hangzou" }));
  await tell(ecs, "pulumi preview: a region that there is not", () => stack.preview());
  stack.setProgram(program({} as HpcClusterArgs));
  await tell(ecs, "pulumi preview: no name", () => stack.preview());
  stack.setProgram(async () => void HpcCluster.get("rendering", "hpc-0123456789abcdef"));
  await tell(ecs, "HpcCluster.get of a cluster that there is not", () => stack.preview());
  stack.setProgram(program({ name: "render-farm", adopt: "hpc-0123456789abcdef" }));
  await tell(ecs, "pulumi preview: adopting a cluster that there is not", () => stack.preview());
});

test("credentials that are no good", async ({ ecs }) => {
  await using stack = await createEcsStack(ecs, { program: program({ name: "render-farm" }) });
  await stack.setConfig({ "alicloud:secretKey": { value: "wrong", secret: true } });
  await tell(ecs, "pulumi preview: a wrong secret key", () => stack.preview());
  await stack.setConfig({ "alicloud:secretKey": undefined });
  await tell(ecs, "pulumi preview: half a key", () => stack.preview());
});

test("a network and a service that are no good", async ({ ecs }) => {
  await using stack = await createEcsStack(ecs, {
    program: program({ name: "render-farm" }),
    config: {
      "alicloud:maxRetryTimeout": "1",
      "alicloud:clientReadTimeout": "300",
      "alicloud:skipRegionValidation": "true",
    },
  });
  const faults: [string, FaultRule][] = [
    ["a reset connection", { kind: "reset" }],
    ["no answer", { kind: "noAnswer" }],
    ["a proxy's page", { kind: "badGateway" }],
    ["an empty answer", { kind: "empty503" }],
    ["an answer without a code", { kind: "codeless500" }],
    ["an error in XML", { kind: "xmlError" }],
    ["an expired token or a wrong clock", { kind: "clockSkew", ms: 3_600_000 }],
  ];
  for (const [title, rule] of faults) {
    const active = ecs.faults.add(rule);
    await tell(ecs, `pulumi up: ${title}`, () => stack.up());
    active.remove();
    if (rule.kind !== "noAnswer") expect(ecs.store.clusters(), title).toEqual([]);
  }
});

test("a cluster that is not as the state has it", async ({ ecs }) => {
  await using stack = await createEcsStack(ecs, { program: program({ name: "render-farm" }) });
  ecs.accounts.deny(ecs.accountId, "DescribeHpcClusters");
  await tell(ecs, "pulumi up: made, but not to be looked at", () => stack.up());
  ecs.accounts.allow(ecs.accountId, "DescribeHpcClusters");
  await stack.up();
  const [cluster] = ecs.store.clusters();
  ecs.store.setInstances(cluster!.hpcClusterId, 2);
  await tell(ecs, "pulumi destroy: a cluster with instances", () => stack.destroy());
  stack.setProgram(program({ name: "render-farm", regionId: "cn-beijing" }));
  await tell(ecs, "pulumi up: a replacement of a cluster with instances", () => stack.up());
  ecs.store.remove(cluster!.hpcClusterId);
  stack.setProgram(program({ name: "farm-2" }));
  await tell(ecs, "pulumi up: a change of a cluster that was deleted outside", () => stack.up());
});

test("a clientToken that was used before", async ({ ecs }) => {
  const used = program({ name: "render-farm", clientToken: "used" });
  await using stack = await createEcsStack(ecs, { program: used });
  await stack.up();
  await using another = await createEcsStack(ecs, {
    program: program({ name: "farm-2", clientToken: "used" }),
  });
  await tell(ecs, "pulumi up: a clientToken that was used for another cluster", () => another.up());
  await stack.destroy();
  await tell(ecs, "pulumi up: a clientToken whose cluster has been deleted", () => stack.up());
});

test("all of it is as it was when it was last reviewed", async () => {
  const text = chapters
    .flatMap(({ title, entries }) => [
      `## ${title}`,
      ...entries.map((entry) => `### ${entry.title}\n\n\`\`\`text\n${entry.text}\n\`\`\``),
    ])
    .join("\n\n");
  await expect(
    `# What the CLI says\n\nWritten by messages.test.ts: ids, endpoints and durations are normalised.\n\n${text}\n`,
  ).toMatchFileSnapshot("messages.md");
});
