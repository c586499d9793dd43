/** The limits in docs/guarantees.md that depend on the salt of the ClientTokens, and the commands there: they are run as written. */
import path from "node:path";
import { describe, expect, vi } from "vitest";
import type { TestStack } from "../engine/stack.ts";
import { sentTokens, storedIds, test } from "../fault/localEcs.ts";
import { clusterOps, createEcsStack, defaultRegion } from "./ecsStack.ts";
import { commandsOf, shell } from "./documentedCommands.ts";
import { hosts, pluginHost } from "./hosts.ts";

// Many operations each. An operation takes ten seconds if every core has several engines.
vi.setConfig({ testTimeout: 300_000 });

const documented = commandsOf("guarantees.md");
const idOf = (stack: TestStack, name: string) => stack.state().resource(name).id!;

describe.each(hosts)("$name", (host) => {
  const { HpcCluster, Provider } = host;
  const program =
    (...names: string[]) =>
    async () => {
      for (const name of names) {
        new HpcCluster(name, { name: `farm-${name}` });
      }
    };

  test("after a crash: a new stack name, and on the plugin an explicit provider, are warned of, and can be undone", async ({
    ecs,
  }) => {
    const inExplicitProvider = async () => {
      const provider = new Provider("explicit", {
        region: defaultRegion,
        accessKey: ecs.accessKeyId,
        secretKey: ecs.accessKeySecret,
        endpoints: [{ ecs: ecs.endpoint }],
      });
      new HpcCluster("rendering", { name: "farm-rendering" }, { provider });
    };
    await using stack = await createEcsStack(ecs, { program: program("rendering") });
    const hold = ecs.hold({ action: "CreateHpcCluster", when: "afterCommit" });
    const interrupted = stack.start("up");
    await hold.reached;
    interrupted.kill("provider");
    hold.drop();
    await expect(interrupted.result).rejects.toThrow();
    const committed = storedIds(ecs);
    const warning = `${defaultRegion} already has an HPC cluster named "farm-rendering": ${committed[0]}`;

    await shell(stack, "pulumi stack rename renamed");
    const { backend, workDir } = stack;
    await using renamed = await createEcsStack(ecs, {
      program: program("rendering"),
      stackName: "renamed",
      backend,
      workDir,
    });
    expect((await renamed.preview()).output).toContain(warning);
    await shell(renamed, documented("pulumi stack rename", { "old name": "test" }));

    stack.setProgram(inExplicitProvider);
    if (host === pluginHost) {
      expect((await stack.preview()).output).toContain(warning);
      stack.setProgram(program("rendering"));
    }
    await stack.up();
    expect(idOf(stack, "rendering")).toBe(committed[0]);

    await shell(stack, "pulumi stack rename renamed");
    renamed.setProgram(inExplicitProvider);
    expect(clusterOps(await renamed.up())).toEqual({ rendering: ["same"] });
    expect(storedIds(ecs)).toEqual(committed);
    expect(new Set(sentTokens(ecs)).size).toBe(1);
  });

  test("a moved cluster and a copied state: two stacks get one cluster, with a warning, until one has a new salt", async ({
    ecs,
  }) => {
    await using stack = await createEcsStack(ecs, { program: program("moved", "kept") });
    const { backend } = stack;
    await using target = await createEcsStack(ecs, {
      program: program("moved"),
      stackName: "target",
      backend,
    });
    // The same names in another backend.
    await using copy = await createEcsStack(ecs, { program: program("moved", "kept", "new") });
    await stack.up();
    const urnOf = (name: string) => stack.state().resource("kept").urn.replace(/kept$/, name);
    const file = path.join(copy.workDir, "state.json");
    await shell(stack, `pulumi stack export --file ${file}`);
    await shell(copy, `pulumi stack import --file ${file}`);
    await shell(stack, `pulumi state move --source test --dest target --yes '${urnOf("moved")}'`);

    await copy.up();
    stack.setProgram(program("moved", "kept", "new"));
    const { output } = await stack.up();
    const shared = { moved: idOf(target, "moved"), new: idOf(copy, "new") };
    for (const [name, id] of Object.entries(shared)) {
      expect(idOf(stack, name)).toBe(id);
      expect(output).toContain(`${defaultRegion} already had the HPC cluster ${id}`);
    }
    const before = storedIds(ecs);
    expect(before).toHaveLength(3);

    for (const name of Object.keys(shared)) {
      await shell(stack, documented("pulumi state delete '<urn>'", { urn: urnOf(name) }));
    }
    if (host === pluginHost) {
      const shown = await shell(stack, documented("pulumi stack --show-ids"));
      const id = /pulumi:providers:alicloud-hpc .*\n.* ID: (\S+)/.exec(shown)?.[1];
      await shell(stack, documented("pulumi stack export |", { id: id ?? "none" }));
    } else {
      await shell(stack, documented("pulumi state delete 'urn:", { stack: "test", project: "hpc" }));
    }
    const ops = clusterOps(await stack.up());
    expect(ops).toEqual({ moved: ["create"], new: ["create"], kept: ["same"] });
    expect(storedIds(ecs).toSorted()).toEqual(
      [...before, idOf(stack, "moved"), idOf(stack, "new")].toSorted(),
    );
  });
});
