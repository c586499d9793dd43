/** docs/permissions.md: each policy is enough, and what happens without one of its actions is what the page says. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { actions } from "../../emulator/actions.ts";
import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { FakeEngine } from "../plugin/fakeEngine.ts";
import { PluginProvider } from "./pluginProvider.ts";
import { ProviderError, type Properties } from "./servedProvider.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../docs/permissions.md"), "utf8");

interface Policy {
  Version: string;
  Statement: { Effect: string; Action: string[]; Resource: string }[];
}
const policies = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, json]) => JSON.parse(json!) as Policy);
const actionsOf = (policy: Policy) => policy.Statement.flatMap(({ Action }) => Action);
const [previewOnly, wholeLife] = policies.map(actionsOf) as [string[], string[]];

const operations = ["preview", "adopt at preview", "create", "update", "refresh", "delete"] as const;
type Outcomes = Record<(typeof operations)[number], string>;

/** The rows of a table of the page by their first cell, the others by the heads. */
function tableUnder(heading: string): Record<string, Record<string, string>> {
  const lines = page.split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!.split("\n");
  const cells = lines
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1))
    .map((row) => row.map((cell) => cell.trim().replaceAll("`", "")));
  const [heads, , ...rows] = cells;
  return Object.fromEntries(
    rows.map(([first, ...rest]) => [
      first!,
      Object.fromEntries(rest.map((cell, index) => [heads![index + 1]!, cell])),
    ]),
  );
}

let ecs: Emulator;
beforeAll(async () => void (ecs = await startEmulator()));
afterAll(() => ecs.stop());

/** What each operation does for an account that may call only these actions; the clusters are made by another one. */
async function outcomesWith(allowed: readonly string[]): Promise<{ outcomes: Outcomes; texts: string }> {
  const mine = ecs.accounts.add({ accountId: `${1_000_000_000_000_000 + Math.floor(Math.random() * 1e12)}` });
  const { accountId } = ecs.accounts.keyFor(mine.accessKeyId);
  const names = allowed.map((action) => action.replace(/^(ecs|sts):/, ""));
  ecs.accounts.deny(accountId, ...actions.map(({ name }) => name).filter((name) => !names.includes(name)));
  const regionId = "cn-hangzhou";
  const existing = ["changed", "adopted", "deleted"].map((name) => ecs.store.add({ name, accountId }));
  const [changed, adopted, deleted] = existing.map(({ hpcClusterId }) => hpcClusterId) as [
    string,
    string,
    string,
  ];
  const engine = await FakeEngine.start();
  const texts: string[] = [];
  const outcomes = {} as Outcomes;
  // A process each: the warnings of a run come with Cancel, which ends it.
  const tried = async (operation: keyof Outcomes, call: (plugin: PluginProvider) => Promise<unknown>) => {
    const plugin = await PluginProvider.start({ engineAddress: engine.address });
    await plugin.configure({
      endpoints: JSON.stringify([{ ecs: ecs.endpoint }]),
      accessKey: mine.accessKeyId,
      secretKey: mine.accessKeySecret,
      region: regionId,
      maxRetryTimeout: "2",
    });
    const before = engine.logs.length;
    const failed = await call(plugin).then(
      () => false,
      (error: unknown) => {
        if (!(error instanceof ProviderError)) {
          throw error;
        }
        texts.push(error.message, ...(error.initFailure?.reasons ?? []));
        return true;
      },
    );
    await plugin.cancel();
    await plugin.stop();
    const warnings = engine.logs.slice(before).filter(({ severity }) => severity === "WARNING");
    texts.push(...warnings.map(({ message }) => message));
    outcomes[operation] = failed ? "fails" : warnings.length > 0 ? "warns" : "works";
  };
  const preview = async (plugin: PluginProvider, news: Properties) => {
    const { inputs, failures } = await plugin.check({}, { regionId, __tokenKey: news["name"], ...news });
    expect(failures).toEqual([]);
    await plugin.create(inputs, { preview: true });
  };
  const adoption = { name: "adopted", adopt: adopted, __isProtected: true };
  const olds = { name: "changed", regionId, hpcClusterId: changed };
  await tried("preview", (plugin) => preview(plugin, { name: "previewed" }));
  await tried("adopt at preview", (plugin) => preview(plugin, adoption));
  await tried("create", (plugin) => plugin.create({ name: "created", regionId, __tokenKey: "created" }));
  await tried("refresh", (plugin) => plugin.refresh(changed, olds, { name: "changed", regionId }));
  await tried("update", (plugin) => plugin.update(changed, olds, { name: "renamed", regionId }));
  await tried("delete", (plugin) => plugin.delete(deleted, { ...olds, hpcClusterId: deleted }));
  engine.kill();
  return { outcomes, texts: texts.join("\n") };
}

const everywhere = (outcome: string) => Object.fromEntries(operations.map((name) => [name, outcome]));

test("the policies are read from the page", () => {
  expect(policies).toHaveLength(2);
  expect(policies.map(({ Version }) => Version)).toEqual(["1", "1"]);
});

test("the policy for the whole life is enough, without a warning", async () => {
  const { outcomes } = await outcomesWith(wholeLife);
  expect(outcomes).toEqual(everywhere("works"));
});

test("the policy for preview and refresh is enough for them, and for nothing that changes a cluster", async () => {
  const { outcomes, texts } = await outcomesWith(previewOnly);
  expect(outcomes).toEqual({
    ...everywhere("works"),
    create: "fails",
    update: "fails",
    delete: "fails",
  });
  expect(texts).toContain("Forbidden.RAM");
});

test.each(Object.entries(tableUnder("Without one of the permissions")))(
  "without %s: what the page says",
  async (denied, expected) => {
    const { outcomes, texts } = await outcomesWith(wholeLife.filter((action) => action !== denied));
    expect(outcomes).toEqual(expected);
    if (Object.values(expected).some((outcome) => outcome !== "works")) {
      expect(texts).toContain(`grant ${denied} to it`);
    }
  },
);

test("the table has every action of the policy", () => {
  expect(Object.keys(tableUnder("Without one of the permissions"))).toEqual(wholeLife);
});
