/** How the CLI shows the errors of core/messages.md, for each way in which the provider reports one: without a stack trace. */
import type { HpcClusterArgs } from "pulumi-alicloud-hpc";
import { describe, expect } from "vitest";
import { createEcsStack, failureOf } from "../e2e/ecsStack.ts";
import { dynamicHost, pluginHost } from "../e2e/hosts.ts";
import type { Emulator } from "../../emulator/emulator.ts";
import type { Transcript } from "../engine/stack.ts";
import { test } from "./localEcs.ts";

/** The "Diagnostics" of the output, without what differs from run to run. */
function diagnosticsOf(ecs: Emulator, { output }: Transcript): string {
  const start = output.indexOf("Diagnostics:");
  expect(start, output).toBeGreaterThanOrEqual(0);
  const end = /^(Resources|Outputs|Duration)\b/m.exec(output.slice(start))?.index;
  const lines = output
    .slice(start, end === undefined ? undefined : start + end)
    .replaceAll(ecs.endpoint, "http://ENDPOINT")
    .replace(/[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}/g, "REQUEST-ID")
    .replace(/hpc-[a-z0-9]{16}/g, "hpc-ID")
    .replace(/i-[a-z0-9]{20}/g, "i-ID")
    // With `continueOnError` the SDK adds a trace of its own for each resource that failed.
    .replaceAll(/error: Unhandled exception: Error: resource .* failed to register(\n\s+at .*)*/g, "")
    .split("\n")
    .map((line) => line.trimEnd());
  return inOrder(lines);
}

/** The CLI prints resources and lines as they come: sorts them. */
function inOrder([heading = "", ...lines]: string[]): string {
  const blocks: string[][] = [];
  for (const line of lines.filter((one) => one !== "")) {
    if (/^ {2}\S/.test(line)) {
      blocks.push([line]);
    } else {
      blocks.at(-1)?.push(line);
    }
  }
  const sorted = blocks.map(([resource = "", ...rest]) => [resource, ...rest.toSorted()].join("\n"));
  return [heading, ...sorted.toSorted()].join("\n");
}

function expectNoTrace(diagnostics: string): void {
  expect(diagnostics).not.toMatch(/^\s*at .+:\d+:\d+\)?$/m);
  expect(diagnostics).not.toMatch(/(node_modules|dist)[\\/]\S*\.[jt]s/);
  expect(diagnostics).not.toMatch(/\b(TypeError|ReferenceError|EcsError|InitializationError)\b/);
  expect(diagnostics).not.toContain("[object Object]");
}

// Warnings of the plugin are shown at the resource, those of a dynamic provider at the stack.
describe.each([
  { ...dynamicHost, file: "diagnostics.md" },
  { ...pluginHost, file: "diagnosticsOfPlugin.md" },
])("$name", ({ name, HpcCluster, file }) => {
  test("errors of read, create, update and delete are shown without stack traces", async ({ ecs }) => {
    const shown: [string, string][] = [];
    const addFailure = async (title: string, operation: Promise<Transcript>): Promise<void> => {
      const diagnostics = diagnosticsOf(ecs, await failureOf(operation));
      expectNoTrace(diagnostics);
      shown.push([title, diagnostics]);
    };
    await using stack = await createEcsStack(ecs, {
      program: async () => {
        HpcCluster.get("existing", "hpc-0123456789abcdef");
      },
    });
    await addFailure("pulumi preview: read", stack.preview());

    const args: HpcClusterArgs = { name: "render-farm", description: "Nightly frames" };
    const declareStored = (name: string): void => {
      new HpcCluster("stored", { ...args, name });
      new HpcCluster("full", args);
    };
    stack.setProgram(async () => {
      declareStored("render-farm");
    });
    await stack.up();
    const forbid = (action: "CreateHpcCluster" | "DescribeHpcClusters", regionId: string): void => {
      const error = { status: 403, code: "Forbidden.RAM", message: "User not authorized." } as const;
      ecs.faults.add({ kind: "error", action, regionId, ...error });
    };
    forbid("CreateHpcCluster", "cn-beijing");
    forbid("DescribeHpcClusters", "cn-shanghai");
    ecs.faults.add({
      kind: "error",
      action: "ModifyHpcClusterAttribute",
      status: 400,
      code: "InvalidHpcClusterName.Malformed",
      message: "Specified hpc cluster name is not valid.",
    });
    stack.setProgram(async () => {
      declareStored("farm-2");
      new HpcCluster("refused", { ...args, regionId: "cn-beijing" });
      new HpcCluster("unreadable", { ...args, regionId: "cn-shanghai" });
    });
    await addFailure("pulumi up: create and update", stack.up({ continueOnError: true }));

    ecs.store.setInstances(stack.state().resource("full").id!, 2);
    await addFailure("pulumi destroy: delete", stack.destroy());

    const text = shown.map(([title, lines]) => `## ${title}\n\n\`\`\`text\n${lines}\n\`\`\`\n`).join("\n");
    await expect(
      `# Diagnostics of the CLI: ${name}\n\nWritten by diagnostics.test.ts. Ids and endpoints are normalized.\n\n${text}`,
    ).toMatchFileSnapshot(file);
  });
});
