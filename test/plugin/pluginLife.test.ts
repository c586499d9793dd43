/** Promise: on the engine, a cluster of the plugin lives as a resource of any other provider, and what previews tell comes true. */
import { type CustomResourceOptions, type Output, secret } from "@pulumi/pulumi";
import { describe, expect } from "vitest";
import { clusterOps, clustersInState, failureOf } from "../e2e/ecsStack.ts";
import type { Program, Transcript } from "../engine/stack.ts";
import { storedIds, test } from "../fault/localEcs.ts";
import { type ClusterArgs, createPluginStack, PluginCluster, urnOf } from "./pluginCluster.ts";

const wanted = { name: "render-farm", description: "Nightly frames" };

const program =
  (args: ClusterArgs = wanted, opts?: CustomResourceOptions): Program =>
  async () => ({ id: new PluginCluster("rendering", args, opts).id });

/** What changes, by the engine's steps. */
const diffs = ({ steps }: Transcript) =>
  steps.find(({ name, diffs }) => name === "rendering" && diffs.length > 0)?.diffs.toSorted();

describe("a cluster", () => {
  test("is previewed with the outputs that are known, created, updated, refreshed and destroyed", async ({
    ecs,
  }) => {
    const known = new Set<string>();
    const note =
      (what: string) =>
      (value: unknown): void => {
        known.add(`${what}=${String(value)}`);
      };
    const declare = (args: ClusterArgs): Output<string> => {
      const cluster = new PluginCluster("rendering", args);
      cluster.id.apply(note("id"));
      cluster.name.apply(note("name"));
      cluster.description.apply(note("description"));
      cluster.regionId.apply(note("regionId"));
      new PluginCluster("dependent", { name: cluster.name.apply((name) => `${name}-2`) });
      return cluster.id;
    };
    await using stack = await createPluginStack(ecs, { program: async () => ({ id: declare(wanted) }) });

    const creating = await stack.preview({ diff: true });
    expect([...known].toSorted()).toEqual([
      "description=Nightly frames",
      "name=render-farm",
      "regionId=cn-hangzhou",
    ]);
    expect(creating.output).toMatch(/name\s*: "render-farm-2"/);
    expect(ecs.store.clusters()).toEqual([]);

    const { outputs } = await stack.up();
    const id = outputs["id"]?.value as string;
    expect(ecs.store.find(id)).toMatchObject({ ...wanted, regionId: "cn-hangzhou" });
    expect(ecs.store.clusters({ name: "render-farm-2" })).toHaveLength(1);
    expect(stack.state().resource("rendering")).toMatchObject({
      id,
      inputs: { ...wanted, regionId: "cn-hangzhou" },
      outputs: { ...wanted, regionId: "cn-hangzhou", requestId: expect.any(String) },
    });

    known.clear();
    stack.setProgram(async () => ({ id: declare({ name: "farm-2" }) }));
    const updating = await stack.preview({ diff: true });
    expect(updating.output).toMatch(/~ name\s*: "render-farm" => "farm-2"/);
    expect(updating.output).toMatch(/- description\s*: "Nightly frames"/);
    expect(diffs(updating)).toEqual(["description", "name"]);
    expect(known).toContain("name=farm-2");
    expect(known).toContain(`id=${id}`);
    expect(clusterOps(await stack.up())).toEqual({ rendering: ["update"], dependent: ["update"] });
    expect(ecs.store.find(id)).toMatchObject({ name: "farm-2", description: "" });

    ecs.store.modify(id, { description: "Mine now" });
    await stack.refresh();
    expect(stack.state().resource("rendering")).toMatchObject({
      inputs: { description: "Mine now" },
      outputs: { description: "Mine now" },
    });
    expect(clusterOps(await stack.up())).toEqual({ rendering: ["update"], dependent: ["same"] });
    expect(ecs.store.find(id)).toMatchObject({ name: "farm-2", description: "" });

    await stack.destroy();
    expect(ecs.store.clusters()).toEqual([]);
    expect(clustersInState(stack)).toEqual([]);
    expect(ecs.calls("CreateHpcCluster")).toHaveLength(2);
  });

  test("is replaced by a new one: first deleted, unless the options say otherwise, and where they ask for it", async ({
    ecs,
  }) => {
    await using stack = await createPluginStack(ecs, { program: program() });
    await stack.up();

    stack.setProgram(program({ ...wanted, regionId: "cn-beijing" }));
    const replacing = await stack.up({ diff: true });
    expect(replacing.output).toMatch(/~ regionId\s*: "cn-hangzhou" => "cn-beijing"/);
    expect(diffs(replacing)).toEqual(["regionId"]);
    const deletedFirst = { rendering: ["delete-replaced", "replace", "create-replacement"] };
    expect(clusterOps(replacing)).toEqual(deletedFirst);
    expect(ecs.store.clusters()).toMatchObject([{ ...wanted, regionId: "cn-beijing" }]);

    stack.setProgram(program(wanted, { deleteBeforeReplace: false }));
    const createdFirst = { rendering: ["create-replacement", "replace", "delete-replaced"] };
    expect(clusterOps(await stack.up())).toEqual(createdFirst);
    expect(ecs.store.clusters()).toMatchObject([{ ...wanted, regionId: "cn-hangzhou" }]);

    const [before] = storedIds(ecs);
    const renamed = { ...wanted, name: "farm-2" };
    stack.setProgram(program(renamed, { replaceOnChanges: ["name"] }));
    expect(clusterOps(await stack.up())).toEqual(deletedFirst);
    expect(ecs.store.clusters()).toMatchObject([renamed]);
    expect(storedIds(ecs)).not.toEqual([before]);
    expect(clustersInState(stack)).toMatchObject([{ id: storedIds(ecs)[0] }]);

    // The engine does not ask the provider. The ClientToken of these values still answers with the cluster to replace.
    expect(clusterOps(await stack.up({ replace: [urnOf("rendering")] }))).toEqual(createdFirst);
    expect(storedIds(ecs)).toHaveLength(1);
    expect(ecs.store.clusters()).toMatchObject([renamed]);
    expect(clustersInState(stack)).toMatchObject([{ id: storedIds(ecs)[0] }]);
  });

  test("keeps secrets secret, in inputs, outputs and messages", async ({ ecs }) => {
    const name = "render-farm-of-nobody";
    await using stack = await createPluginStack(ecs, { program: program({ name: secret(name) }) });
    const outputs = [(await stack.up({ diff: true })).output];
    expect(ecs.store.clusters()).toMatchObject([{ name }]);
    const { inputs, outputs: stored } = stack.state().resource("rendering");
    expect(inputs?.["name"]).toHaveProperty("ciphertext");
    expect(stored?.["name"]).toHaveProperty("ciphertext");
    expect(inputs?.["regionId"]).toBe("cn-hangzhou");

    await stack.refresh();
    expect(stack.state().resource("rendering").outputs?.["name"]).toHaveProperty("ciphertext");

    stack.setProgram(program({ name: secret(`${name}-2`) }));
    outputs.push((await stack.up({ diff: true })).output);
    expect(ecs.store.clusters()).toMatchObject([{ name: `${name}-2` }]);
    expect(stack.state().resource("rendering").outputs?.["name"]).toHaveProperty("ciphertext");

    stack.setProgram(program({ name: secret(`${name}!`) }));
    const refused = await failureOf(stack.preview());
    expect(refused.output).toContain("name breaks a rule");
    outputs.push(refused.output, stack.stateText());
    for (const text of outputs) {
      expect(text).not.toContain(name);
    }
    // The configuration has the id of the key in plain text.
    expect(stack.stateText()).not.toContain(ecs.accessKeyId);
    expect(stack.stateText()).not.toContain(ecs.accessKeySecret);
  });
});
