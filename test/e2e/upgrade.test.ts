/** Promise: a state that an earlier release wrote shows no difference, and its clusters live on. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { automation } from "@pulumi/pulumi";
import * as dynamic from "pulumi-alicloud-hpc";
import * as plugin from "pulumi-alicloud-hpc/plugin";
import { describe, expect, test } from "vitest";
import type { StoredCluster } from "../../emulator/store.ts";
import { clusterOps, createEcsStack } from "./ecsStack.ts";
import { startRecordedEcs, upgradeProgram } from "./upgradeProgram.ts";

const require = createRequire(import.meta.url);

interface Recording {
  clusters: StoredCluster[];
  state: automation.Deployment;
}

/** As it stands in every state from now on. */
const providerText = 'exports.handler = () => require("pulumi-alicloud-hpc/lifecycle")';

const folder = new URL("../testdata/", import.meta.url);
const recordings = readdirSync(folder).filter((name) => name.startsWith("state-"));

describe.each(recordings)("the state that an earlier release wrote, %s", (name) => {
  const { clusters, state } = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Recording;

  test.each([
    ["dynamic provider", dynamic],
    ["plugin", plugin],
  ])(
    "shows no difference in the %s; its clusters are refreshed, updated, replaced and destroyed",
    async (_, host) => {
      const ecs = await startRecordedEcs();
      for (const cluster of clusters) {
        ecs.store.add(cluster);
      }
      const idOf = (wanted: string) => clusters.find((cluster) => cluster.name === wanted)!.hpcClusterId;
      const program = upgradeProgram(host, ecs, idOf("adopted-farm"), idOf("somebody-elses"));
      await using stack = await createEcsStack(ecs, { program });
      try {
        await stack.automation.importStack(state);

        // It writes the endpoint of this run into the state, for what runs without a program.
        const up = await stack.up();
        for (const [resource, ops] of Object.entries(clusterOps(up))) {
          // A read under another type is a new one, and the old one is discarded.
          const expected = resource !== "read" ? ["same"] : host === plugin ? ["read", "discard"] : ["read"];
          expect(ops, `${resource}\n${up.output}`).toEqual(expected);
        }
        expect(Object.keys(clusterOps(up)).sort()).toEqual([
          "adopted",
          "described",
          "elsewhere",
          "plain",
          "read",
          "token",
        ]);

        const refreshed = await stack.refresh();
        expect(refreshed.summary.resourceChanges).not.toHaveProperty("update");
        expect(ecs.store.clusters()).toHaveLength(clusters.length);
        expect(ecs.calls("CreateHpcCluster")).toEqual([]);

        stack.setProgram(
          upgradeProgram(host, ecs, idOf("adopted-farm"), idOf("somebody-elses"), {
            plain: { name: "plain-farm-2" },
            described: { name: "described-farm", regionId: "cn-beijing" },
          }),
        );
        expect(clusterOps(await stack.up())).toMatchObject({
          plain: ["update"],
          described: ["delete-replaced", "replace", "create-replacement"],
          token: ["same"],
        });
        expect(ecs.store.find(idOf("plain-farm"))).toMatchObject({ name: "plain-farm-2" });
        expect(ecs.store.find(idOf("described-farm"))).toBeUndefined();
        expect(ecs.calls("CreateHpcCluster")).toMatchObject([{ regionId: "cn-beijing", committed: true }]);
        // The provider's text: today's, and in the outputs of what has not changed still the earlier one.
        const texts = (resource: string) => {
          const { inputs, outputs } = stack.state().resource(resource);
          return [inputs?.["__provider"], outputs?.["__provider"]];
        };
        if (host === dynamic) {
          expect(texts("plain")).toEqual([providerText, providerText]);
          expect(texts("described")).toEqual([providerText, providerText]);
          expect(texts("token")).toEqual([providerText, expect.stringContaining("__f0")]);
        }

        await stack.unprotect(); // today's program protects what it adopts
        await stack.destroy();
        expect(ecs.store.clusters().map(({ name: left }) => left)).toEqual(["somebody-elses"]);
      } finally {
        await ecs.stop();
      }
    },
  );

  test("refers to modules that this release still has", () => {
    const resources = (state.deployment as { resources: { outputs?: { __provider?: string } }[] }).resources;
    const texts = new Set(
      resources.map(({ outputs }) => outputs?.__provider).filter((text) => text !== undefined),
    );
    const subpaths = [...texts].map((text) => /require\("([^"]+)"\)/.exec(text)?.[1]).sort();
    expect(subpaths).toEqual(["pulumi-alicloud-hpc/lifecycle", "pulumi-alicloud-hpc/tokenSaltLifecycle"]);
    for (const subpath of subpaths) {
      expect(require(subpath!)).toMatchObject({ create: expect.any(Function), read: expect.any(Function) });
    }
  });
});
