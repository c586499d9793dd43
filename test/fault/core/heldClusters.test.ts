/**
 * A cluster belongs to one entry of a state: no program, order of the engine's steps or provider process makes it delete a cluster that
 * another entry holds, or gives one cluster to two resources. What only the real engine shows is in e2e/twoEntries.test.ts.
 */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, vi } from "vitest";
import { storedIds } from "../localEcs.ts";
import { failureOf, SimulatedStack, test } from "./simulatedStack.ts";
import { type HostName, hostNames, type Wanted, type Wants } from "./wanted.ts";

// A busy machine is slow.
vi.setConfig({ testTimeout: 120_000 });

const wants = (declared: Record<string, Wanted>): Wants => new Map(Object.entries(declared));
const farm: Wanted = { name: "farm" };
const urnOf = (host: HostName, name: string) =>
  `urn:pulumi:test::hpc::${host === "plugin" ? "alicloud-hpc:index" : "pulumi-nodejs:dynamic/alicloud"}:HpcCluster::${name}`;

const idsOf = (stack: SimulatedStack) => stack.kept().map(({ id }) => id);

describe.each(hostNames)("on the %s host", (host) => {
  describe("a live cluster is not deleted", () => {
    const own: Wanted = { ...farm, clientToken: "mine" };

    test("by the renaming of the resource that has adopted it", async ({ ecs }) => {
      const { hpcClusterId: id } = ecs.store.add(farm);
      const stack = new SimulatedStack(ecs, {}, host);
      await stack.up(wants({ old: { ...farm, adopt: id } }));
      expect(stack.entry("old")).toMatchObject({ id, isProtected: true });
      await expect(stack.up(wants({ new: { ...farm, adopt: id, provider: "second" } }))).rejects.toThrow(
        "protected",
      );
      expect(storedIds(ecs)).toEqual([id]);
    });

    test("by the renaming of one that is not protected any more without a warning before", async ({
      ecs,
    }) => {
      const { hpcClusterId: adopt } = ecs.store.add(farm);
      const stack = new SimulatedStack(ecs, {}, host);
      for (const wanted of [
        { ...farm, adopt },
        { ...farm, protect: true },
        { ...farm, adopt },
      ]) {
        await stack.up(wants({ farm: wanted }));
      }
      expect(stack.printed).toEqual([]);
      await stack.up(wants({ farm }));
      await stack.up(wants({ farm }));
      expect(stack.printed).toEqual([expect.stringContaining("adopt has been removed from the program")]);
    });

    test("when its clientToken moves to another resource and provider, which a warning says", async ({
      ecs,
    }) => {
      const stack = new SimulatedStack(ecs, {}, host);
      await stack.up(wants({ old: own }));
      const [id] = storedIds(ecs);
      await stack.up(wants({ new: { ...own, provider: "second" } }));
      expect(storedIds(ecs)).toEqual([id]);
      expect(stack.kept()).toEqual([{ resource: "new", id }]);
      expect(stack.printed.join("\n")).toMatch(/hpc-\w+ is kept.*the resource "new" holds it/);
      await stack.destroy();
      expect(storedIds(ecs)).toEqual([]);
    });

    test("when two entries have it: every run fails and names both and the way out, and the old one goes without it", async ({
      ecs,
    }) => {
      const stack = new SimulatedStack(ecs, {}, host);
      await stack.up(wants({ old: own }));
      await stack.up(wants({ new: own }), { targets: ["new"] });
      const [id, ...others] = storedIds(ecs);
      expect(others).toEqual([]);
      expect(idsOf(stack)).toEqual([id, id]);
      for (const _time of ["first", "second"]) {
        const { message } = await failureOf(stack.up(wants({ old: farm, new: farm })));
        expect(message).toMatch(
          new RegExp(`${id} belongs to both (the resource )?"(old|new)" and (the resource )?"(old|new)"`),
        );
        expect(message).toContain(`pulumi state delete '${urnOf(host, "old")}'`);
        expect(message).toContain(`pulumi state delete '${urnOf(host, "new")}'`);
      }
      await stack.up(wants({ new: own }));
      expect(storedIds(ecs)).toEqual([id]);
      expect(stack.kept()).toEqual([{ resource: "new", id }]);
    });

    test("by the keys of another account: refresh and destroy name both accounts and drop nothing", async ({
      ecs,
    }) => {
      const stack = new SimulatedStack(ecs, {}, host);
      await stack.up(wants({ farm }));
      const kept = stack.kept();
      const { accessKeyId, accessKeySecret } = ecs;
      ecs.accounts.removeKey(accessKeyId);
      ecs.accounts.add({ accountId: "1000000000000002", keys: [{ accessKeyId, accessKeySecret }] });
      for (const run of [() => stack.refresh(), () => stack.destroy()]) {
        const { message } = await failureOf(run());
        expect(message).toContain(`in the account ${ecs.accountId}`);
        expect(message).toContain("the account 1000000000000002");
        expect(stack.kept()).toEqual(kept);
      }
    });
  });

  test("each provider process says once that it cannot use a folder that another user may change", async ({
    ecs,
  }) => {
    const foreign = path.join(ecs.pulumiHome, "foreign");
    mkdirSync(foreign);
    writeFileSync(path.join(foreign, "1.jsonl"), "important");
    symlinkSync(foreign, path.join(ecs.pulumiHome, "pulumi-alicloud-hpc"));
    const stack = new SimulatedStack(ecs, {}, host);
    await stack.up(
      wants({
        "one-default": { name: "one" },
        "two-default": { name: "two" },
        "one-explicit": { name: "one", provider: "explicit" },
        "two-explicit": { name: "two", provider: "explicit" },
      }),
    );
    expect(storedIds(ecs)).toHaveLength(4);
    expect(
      stack.printed.filter(
        (text) =>
          text.includes(`${ecs.pulumiHome}/pulumi-alicloud-hpc is not a folder`) &&
          text.includes("cannot tell each other which clusters"),
      ),
    ).toHaveLength(2);
    expect(readdirSync(foreign)).toEqual(["1.jsonl"]);
    expect(readFileSync(path.join(foreign, "1.jsonl"), "utf8")).toBe("important");
  });

  describe("two resources get two clusters", () => {
    const prod: Wanted = { name: "prod" };
    const blue: Wanted = { name: "prod-blue" };
    test.for<[string, Record<string, Wanted>, string[]?]>([
      ["with --target", { main: prod, blue }, ["main"]],
      ["with another provider", { main: { ...prod, provider: "explicit" }, blue }],
      ["with blue depending on main", { main: prod, blue: { ...blue, dependsOn: ["main"] } }],
      ["with the alias already removed", { main: prod, blue }],
      ["declared after blue", { blue, main: prod }],
    ])("a new resource with the old name of a renamed one, %s", async ([, next, targets], { ecs }) => {
      const stack = new SimulatedStack(ecs, {}, host);
      await stack.up(wants({ main: prod }));
      await stack.up(wants({ blue: { ...blue, alias: "main" } }));
      await stack.up(wants(next), { targets });
      expect(new Set(idsOf(stack)).size).toBe(2);
      expect(storedIds(ecs).toSorted()).toEqual(idsOf(stack).toSorted());
      await stack.up(wants({ blue }));
      expect(ecs.store.clusters()).toMatchObject([blue]);
    });

    test("a new resource with the old name and values of one that depends on it is an error that names both", async ({
      ecs,
    }) => {
      const stack = new SimulatedStack(ecs, {}, host);
      await stack.up(wants({ second: farm }));
      const [id] = storedIds(ecs);
      const moved: Wanted = { ...farm, alias: "second" };
      await stack.up(wants({ moved }));
      const { message } = await failureOf(
        stack.up(wants({ second: farm, moved: { ...moved, dependsOn: ["second"] } })),
      );
      expect(message).toContain(
        `The HPC cluster ${id} of this resource has just been given to the resource "second" as well`,
      );
      expect(storedIds(ecs)).toEqual([id]);
    });

    const names = /"(holder|adopter)" and "(holder|adopter)"/;
    test.for<[string, string[], boolean, RegExp]>([
      ["the holder first", ["holder", "adopter"], false, names],
      ["the adopter first", ["adopter", "holder"], false, names],
      // A preview of it names both: e2e/twoEntries.test.ts.
      ["the holder depending on the adopter", ["adopter", "holder"], true, /given to the resource "adopter"/],
      ["the adopter depending on the holder", ["holder", "adopter"], true, names],
    ])(
      "adopting a cluster that another one holds is refused, %s",
      async ([, order, depends, expected], { ecs }) => {
        const stack = new SimulatedStack(ecs, {}, host);
        await stack.up(wants({ holder: farm }));
        const [id = "none"] = storedIds(ecs);
        const declared = order.map((name, at): [string, Wanted] => [
          name,
          {
            ...farm,
            ...(name === "adopter" ? { adopt: id } : {}),
            ...(depends && at > 0 ? { dependsOn: order.slice(0, at) } : {}),
          },
        ]);
        const { message } = await failureOf(stack.up(new Map(declared)));
        expect(message).toContain(id);
        expect(message).toMatch(expected);
        expect(storedIds(ecs)).toEqual([id]);
      },
    );

    test("new ones that a targeted run leaves out are no conflict", async ({ ecs }) => {
      const stack = new SimulatedStack(ecs, {}, host);
      const three = wants({ one: { name: "one" }, two: { name: "two" }, three: { name: "three" } });
      await stack.up(three, { targets: ["one"] });
      expect(stack.kept()).toEqual([{ resource: "one", id: storedIds(ecs)[0] }]);
      await stack.up(three);
      expect(storedIds(ecs)).toHaveLength(3);
    });
  });

  test("a retained cluster that is declared again is continued with, and a warning says what a destroy will do", async ({
    ecs,
  }) => {
    const stack = new SimulatedStack(ecs, {}, host);
    // Without any cluster the stack would get a new salt.
    const other: Wanted = { name: "other" };
    const retained = wants({ other, farm: { ...farm, retainOnDelete: true } });
    await stack.up(retained);
    const id = stack.entry("farm")!.id;
    const continues = new RegExp(`already had the HPC cluster ${id}.*retainOnDelete.*destroy will delete it`);
    // It is not replaced, and the user hears so.
    await stack.up(retained, { replaced: ["farm"] });
    expect(stack.printed).toEqual([expect.stringMatching(continues)]);
    await stack.up(wants({ other }));
    await stack.up(wants({ other, farm }));
    expect(stack.printed).toEqual([expect.stringMatching(continues), expect.stringMatching(continues)]);
    expect(ecs.store.clusters({ name: "farm" })).toMatchObject([{ hpcClusterId: id }]);
    expect(stack.entry("farm")?.id).toBe(id);
  });

  test("no warning names a cluster that the stack has: of a sibling, or of a resource that is replaced", async ({
    ecs,
  }) => {
    const stack = new SimulatedStack(ecs, {}, host);
    await stack.up(wants({ sibling: farm }));
    // The engine checks the new one first.
    const both = wants({ farm, sibling: farm });
    await stack.up(both);
    await stack.up(both, { replaced: ["farm"] });
    expect(storedIds(ecs)).toHaveLength(2);
    expect(stack.printed).toEqual([]);
  });
});
