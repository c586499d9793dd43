/**
 * A cluster belongs to one entry of a state: no program, order of events or provider process makes the engine delete a cluster
 * that another entry holds, or gives one cluster to two resources.
 */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { HpcClusterArgs } from "pulumi-alicloud-hpc";
import type { CustomResource, CustomResourceOptions, ProviderResource } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Emulator, startEmulator } from "../../emulator/emulator.ts";
import { isolateEnvironment } from "../engine/isolatedEnvironment.ts";
import type { TestStack } from "../engine/stack.ts";
import { clustersInState, configurationFor, createEcsStack, failureOf } from "./ecsStack.ts";
import { dynamicHost, type Host, hosts, pluginHost } from "./hosts.ts";

let ecs: Emulator;
beforeEach(async () => {
  ecs = await startEmulator({
    accounts: [{ accountId: "1000000000000001" }, { accountId: "1000000000000002" }],
  });
});
afterEach(() => ecs.stop());

/** The names and ids in the state. */
const held = (stack: TestStack) =>
  clustersInState(stack).map(({ urn, id }) => [urn.slice(urn.lastIndexOf("::") + 2), id]);
const live = () => ecs.store.clusters().map(({ hpcClusterId }) => hpcClusterId);

type Declaration = [name: string, args: HpcClusterArgs, opts?: CustomResourceOptions];
describe.each(hosts)("$name", (host) => {
  const { HpcCluster, Provider } = host;
  const urnOf = (name: string) => `urn:pulumi:test::hpc::${host.type}::${name}`;
  const program =
    (...declarations: Declaration[]) =>
    async () => {
      for (const [name, args, opts] of declarations) {
        new HpcCluster(name, args, opts);
      }
    };
  /** The same account again, in a provider process of its own. */
  function explicitProvider(): ProviderResource {
    const config = configurationFor(ecs);
    return new Provider("explicit", {
      region: "cn-hangzhou",
      accessKey: ecs.accessKeyId,
      secretKey: ecs.accessKeySecret,
      endpoints: JSON.parse(config["alicloud:endpoints"] as string) as { ecs: string }[],
    });
  }
  const inExplicitProvider =
    (name: string, args: HpcClusterArgs): (() => Promise<void>) =>
    async () => {
      new HpcCluster(name, args, { provider: explicitProvider() });
    };

  describe("a live cluster is not deleted", () => {
    /** A resource renamed from `old` to `new` with its own ClientToken, in a run that did not reach the deletion of the old entry. */
    async function twoEntries(): Promise<TestStack> {
      const args = { name: "farm", clientToken: "mine" };
      const stack = await createEcsStack(ecs, { program: program(["old", args]) });
      await stack.up();
      stack.setProgram(program(["new", args]));
      await stack.up({ target: [urnOf("new")] });
      expect(live()).toHaveLength(1);
      return stack;
    }

    test("A1: an adopted cluster is protected against the renaming of its resource", async () => {
      const { hpcClusterId } = ecs.store.add({ name: "farm" });
      const args = { name: "farm", adopt: hpcClusterId };
      await using stack = await createEcsStack(ecs, { program: program(["old", args]) });
      await stack.up();
      expect(clustersInState(stack)).toMatchObject([{ id: hpcClusterId, protect: true }]);
      stack.setProgram(inExplicitProvider("new", args));
      expect((await failureOf(stack.preview())).output).toContain("protected");
      await failureOf(stack.up());
      expect(live()).toEqual([hpcClusterId]);
    });

    test("A1: a clientToken that moves to another resource and provider keeps its cluster, with a warning", async () => {
      const args = { name: "farm", clientToken: "mine" };
      await using stack = await createEcsStack(ecs, { program: program(["old", args]) });
      await stack.up();
      const before = live();
      stack.setProgram(inExplicitProvider("new", args));
      const { output } = await stack.up();
      expect(live()).toEqual(before);
      expect(held(stack)).toEqual([["new", before[0]]]);
      expect(output).toMatch(/warning: .*hpc-\w+ is kept.*the resource "new" holds it/);
      await stack.destroy();
      expect(live()).toEqual([]);
    });

    // The warning is the core's (unit/runNotes.test.ts).
    test.runIf(host === pluginHost)(
      "A1: each provider process says once that it cannot use a folder that another user may change",
      async () => {
        const pulumiHome = path.join(isolateEnvironment(), `planted-${host.name}`);
        const foreign = `${pulumiHome}-foreign`;
        mkdirSync(pulumiHome);
        mkdirSync(foreign);
        writeFileSync(path.join(foreign, "1.jsonl"), "important");
        symlinkSync(foreign, path.join(pulumiHome, "pulumi-alicloud-hpc"));
        await using stack = await createEcsStack(ecs, {
          program: async () => {
            const provider = explicitProvider();
            for (const name of ["one", "two"]) {
              new HpcCluster(`${name}-default`, { name });
              new HpcCluster(`${name}-explicit`, { name }, { provider });
            }
          },
          env: { PULUMI_HOME: pulumiHome },
        });
        const { events, output } = await stack.up();
        expect(live()).toHaveLength(4);
        expect(output).toMatch(/warning: .*cannot tell each other which clusters/);
        const messages = events.flatMap(({ diagnosticEvent }) => diagnosticEvent?.message ?? []);
        expect(
          messages.filter((text) => text.includes(`${pulumiHome}/pulumi-alicloud-hpc is not a folder`)),
        ).toHaveLength(2);
        expect(readdirSync(foreign)).toEqual(["1.jsonl"]);
        expect(readFileSync(path.join(foreign, "1.jsonl"), "utf8")).toBe("important");
      },
    );

    test("A3: nor when a replacement that creates first has been interrupted before the deletion", async () => {
      const declared: Declaration = ["farm", { name: "farm" }, { deleteBeforeReplace: false }];
      await using stack = await createEcsStack(ecs, { program: program(declared) });
      await stack.up();
      stack.setProgram(async () => {
        new HpcCluster(...declared);
        const wrong = new HpcCluster("wrong", { name: "wrong", regionId: "cn-hangzhou", clientToken: "x" });
        wrong.id.apply(() => {
          throw new Error("interrupted");
        });
      });
      await failureOf(stack.up({ replace: [urnOf("farm")] }));
      stack.setProgram(program(declared));
      await stack.up();
      const farm = held(stack).find(([name]) => name === "farm");
      expect(live()).toEqual([farm?.[1]]);
    });

    test("A2, A4: two entries with one cluster are an error in every run that names both and the way out; the old one goes without the cluster", async () => {
      await using stack = await twoEntries();
      const before = live();
      stack.setProgram(program(["old", { name: "farm" }], ["new", { name: "farm" }]));
      for (const run of [() => stack.preview(), () => stack.up(), () => stack.preview()]) {
        const { output } = await failureOf(run());
        expect(output).toMatch(
          /hpc-\w+ belongs to both (the resource )?"(old|new)" and (the resource )?"(old|new)"/,
        );
        expect(output).toContain(`pulumi state delete '${urnOf("old")}'`);
        expect(output).toContain(`pulumi state delete '${urnOf("new")}'`);
      }
      expect(live()).toEqual(before);
      stack.setProgram(program(["new", { name: "farm", clientToken: "mine" }]));
      await stack.up();
      expect(live()).toEqual(before);
      expect(held(stack)).toEqual([["new", before[0]]]);
    });
  });

  describe("two resources get two clusters", () => {
    /** `main` was renamed to `blue`, and got another name. */
    async function renamed(): Promise<TestStack> {
      const stack = await createEcsStack(ecs, { program: program(["main", { name: "prod" }]) });
      await stack.up();
      stack.setProgram(program(["blue", { name: "prod-blue" }, { aliases: [{ name: "main" }] }]));
      await stack.up();
      return stack;
    }
    const reuses: [string, readonly Host[], () => Promise<void>, { target?: string[] }][] = [
      [
        "with --target",
        [dynamicHost],
        program(["main", { name: "prod" }], ["blue", { name: "prod-blue" }]),
        { target: [urnOf("main")] },
      ],
      [
        "with another provider",
        [pluginHost],
        async () => {
          new HpcCluster("main", { name: "prod" }, { provider: explicitProvider() });
          new HpcCluster("blue", { name: "prod-blue" });
        },
        {},
      ],
      [
        "with blue depending on main",
        [dynamicHost],
        async () => {
          const main = new HpcCluster("main", { name: "prod" });
          new HpcCluster("blue", { name: "prod-blue" }, { dependsOn: [main] });
        },
        {},
      ],
      [
        "with the alias already removed",
        [dynamicHost],
        program(["main", { name: "prod" }], ["blue", { name: "prod-blue" }]),
        {},
      ],
      [
        "declared after blue",
        [pluginHost],
        program(["blue", { name: "prod-blue" }], ["main", { name: "prod" }]),
        {},
      ],
    ];
    test.each(reuses.filter(([, on]) => on.includes(host)))(
      "B1: a new resource with the old name of a renamed one, %s",
      async (_how, _on, next, options) => {
        await using stack = await renamed();
        stack.setProgram(next);
        await stack.up(options);
        const ids = held(stack).map(([, id]) => id);
        expect(new Set(ids).size).toBe(2);
        expect(live().sort()).toEqual(ids.sort());
        stack.setProgram(program(["blue", { name: "prod-blue" }]));
        await stack.up();
        expect(ecs.store.clusters()).toMatchObject([{ name: "prod-blue" }]);
      },
    );

    const orders: [string, readonly Host[], string[], boolean][] = [
      ["the holder first", [dynamicHost], ["holder", "adopter"], false],
      ["the adopter first", [dynamicHost], ["adopter", "holder"], false],
      ["the holder depending on the adopter", [dynamicHost], ["adopter", "holder"], true],
      ["the adopter depending on the holder", [pluginHost], ["holder", "adopter"], true],
    ];
    test.each(orders.filter(([, on]) => on.includes(host)))(
      "B2: adopting a cluster that another resource holds is refused at preview, %s",
      async (_how, _on, order, depends) => {
        await using stack = await createEcsStack(ecs, { program: program(["holder", { name: "farm" }]) });
        await stack.up();
        const [id] = live();
        stack.setProgram(async () => {
          let previous: CustomResource | undefined;
          for (const name of order) {
            previous = new HpcCluster(
              name,
              name === "adopter" ? { name: "farm", adopt: id! } : { name: "farm" },
              depends && previous !== undefined ? { dependsOn: [previous] } : {},
            );
          }
        });
        const { output } = await failureOf(stack.preview());
        expect(output).toContain(id);
        expect(output).toMatch(/"(holder|adopter)" and "(holder|adopter)"/);
        await failureOf(stack.up());
        expect(live()).toEqual([id]);
      },
    );

    test("B3: a retained cluster that is declared again is named by preview and up, and what a destroy will do", async () => {
      // Without any cluster the stack would get a new salt.
      const other: Declaration = ["other", { name: "other" }];
      const retained: Declaration = ["farm", { name: "farm" }, { retainOnDelete: true }];
      await using stack = await createEcsStack(ecs, { program: program(other, retained) });
      await stack.up();
      const id = ecs.store.clusters({ name: "farm" })[0]!.hpcClusterId;
      const continues = new RegExp(
        `warning: .*already had the HPC cluster ${id}.*retainOnDelete.*destroy will delete it`,
      );
      // It is not replaced, and the user hears so.
      expect((await stack.up({ replace: [urnOf("farm")] })).output).toMatch(continues);
      stack.setProgram(program(other));
      await stack.up();
      stack.setProgram(program(other, ["farm", { name: "farm" }]));
      expect((await stack.preview()).output).toMatch(
        new RegExp(`warning: .*"farm": ${id}. \`pulumi up\` continues with it if .*look whose it is`),
      );
      const { output } = await stack.up();
      expect(output).toMatch(continues);
      expect(output).not.toContain(`"farm": ${id}`);
      expect(ecs.store.clusters({ name: "farm" })).toMatchObject([{ hpcClusterId: id }]);
      expect(held(stack)).toContainEqual(["farm", id]);
    });

    test("B4: no warning names a cluster that the stack has: of a sibling, or of a resource that is replaced", async () => {
      const sibling: Declaration = ["sibling", { name: "farm" }];
      await using stack = await createEcsStack(ecs, { program: program(sibling) });
      await stack.up();
      // The engine checks the new one first.
      stack.setProgram(program(["farm", { name: "farm" }], sibling));
      for (const run of [
        () => stack.preview(),
        () => stack.up(),
        () => stack.up({ replace: [urnOf("farm")] }),
      ]) {
        expect((await run()).output).not.toContain("already");
      }
      expect(live()).toHaveLength(2);
    });
  });

  // Unit tests of ownership have every order; the engine's part is the warning.
  test.runIf(host === pluginHost)(
    "C1: a cluster that an interrupted run left, with another description, is named by preview and up",
    async () => {
      await using stack = await createEcsStack(ecs, {
        program: program(["farm", { name: "farm", description: "build 1" }]),
      });
      const left = ecs.store.add({ name: "farm", description: "build 1" });
      stack.setProgram(program(["farm", { name: "farm", description: "build 2" }]));
      for (const run of [() => stack.preview(), () => stack.up()]) {
        expect((await run()).output).toMatch(
          new RegExp(`warning: .*"farm": ${left.hpcClusterId}. .*look whose it is`),
        );
      }
    },
  );

  test("C8: refresh and destroy with the keys of another account name both accounts and drop nothing", async () => {
    const other = ecs.accounts.addKey("1000000000000002");
    const keys = (accessKeyId: string, accessKeySecret: string) => ({
      ALICLOUD_ACCESS_KEY: accessKeyId,
      ALICLOUD_SECRET_KEY: accessKeySecret,
    });
    await using stack = await createEcsStack(ecs, {
      program: program(["farm", { name: "farm" }]),
      config: { "alicloud:accessKey": undefined, "alicloud:secretKey": undefined },
      env: keys(ecs.accessKeyId, ecs.accessKeySecret),
    });
    await stack.up();
    const before = held(stack);
    stack.setEnv(keys(other.accessKeyId, other.accessKeySecret));
    // A refresh waits ten seconds for the cluster, which is the core's: once is enough.
    const refreshes = host === dynamicHost ? [() => stack.refresh()] : [];
    for (const run of [...refreshes, () => stack.destroy()]) {
      const { output } = await failureOf(run());
      expect(output).toContain(`in the account ${ecs.accountId}`);
      expect(output).toContain("the account 1000000000000002");
      expect(held(stack)).toEqual(before);
    }
    stack.setEnv(keys(ecs.accessKeyId, ecs.accessKeySecret));
    await stack.destroy();
    expect(live()).toEqual([]);
  });

  test.runIf(host === pluginHost)("new clusters that a targeted run leaves out are no conflict", async () => {
    await using stack = await createEcsStack(ecs, {
      program: program(["one", { name: "one" }], ["two", { name: "two" }], ["three", { name: "three" }]),
    });
    await stack.up({ target: [urnOf("one")] });
    expect(held(stack).map(([name]) => name)).toEqual(["one"]);
    await stack.up();
    expect(live()).toHaveLength(3);
  });
});

test("A1: a clientToken that moves to another resource and host keeps its cluster, with a warning", async () => {
  const args = { name: "farm", clientToken: "mine" };
  const declare =
    ({ HpcCluster }: Host, name: string) =>
    async () => {
      new HpcCluster(name, args);
    };
  await using stack = await createEcsStack(ecs, { program: declare(dynamicHost, "old") });
  await stack.up();
  const before = live();
  // The provider processes of both hosts tell each other what they hold.
  stack.setProgram(declare(pluginHost, "new"));
  const { output } = await stack.up();
  expect(live()).toEqual(before);
  expect(held(stack)).toEqual([["new", before[0]]]);
  expect(output).toMatch(/warning: .*hpc-\w+ is kept.*the resource "new" holds it/);
});
