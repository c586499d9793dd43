/**
 * Promise: the page at `/_emulator/` shows clusters, instances and requests as they come, switches faults, and no other page can do
 * that. In Chromium, where it is installed (Debian: `apt-get install chromium`).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { parseFaultRule } from "../../emulator/faultFile.ts";
import { startEmulator, type Emulator } from "../../emulator/emulator.ts";
import { findChromium, openTab } from "./browser.ts";
import { ask } from "./rawRequest.ts";

const chromium = findChromium();
const skipped = chromium === undefined ? " (skipped: no chromium on PATH)" : "";
const inBrowser = test.skipIf(chromium === undefined);
const timeout = 120_000; // the first start of Chromium on a busy machine
const waiting = { timeout };
const region = { RegionId: "cn-hangzhou" };
let ecs: Emulator;

beforeEach(async () => {
  ecs = await startEmulator({ seed: 7 });
});
afterEach(() => ecs.stop());

test("the page is one file of at most 200 lines that loads nothing from elsewhere", async () => {
  const html = readFileSync(join(import.meta.dirname, "../../emulator/page.html"), "utf8");
  expect(html.trimEnd().split("\n").length).toBeLessThanOrEqual(200);
  expect(html).not.toMatch(/https?:|src=|<link|@import|innerHTML/);
  const switches = [...html.matchAll(/^ +(\{ kind: .*\}),$/gm)].map(
    ([, rule]) => JSON.parse(rule!.replace(/(\w+):/g, '"$1":')) as unknown,
  );
  expect(switches.length).toBeGreaterThan(10);
  for (const rule of switches) {
    expect(parseFaultRule(rule)).toBe(rule);
  }
  const answer = await fetch(`${ecs.endpoint}/_emulator/`);
  expect(await answer.text()).toBe(html);
  expect(answer.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
});

inBrowser(`shows what happens, and switches faults${skipped}`, { timeout }, async () => {
  const create = (Name: string, Description: string) =>
    ask(ecs, "CreateHpcCluster", { ...region, Name, Description });
  const { json } = await create("render-farm", "Nightly frames");
  const id = String(json["HpcClusterId"]);
  await using tab = await openTab(chromium!);
  await tab.open(`${ecs.endpoint}/_emulator/`);
  const showsIn = (table: string, ...texts: string[]) =>
    `${JSON.stringify(texts)}.every((text) => document.getElementById("${table}").innerText.includes(text))`;
  await tab.until(showsIn("clusters", id, "render-farm", "Nightly frames", "cn-hangzhou"));
  await tab.until(showsIn("instances", "none"));

  const node = { ...region, ImageId: "aliyun_3", InstanceType: "ecs.sccg7.32xlarge", VSwitchId: "vsw-1" };
  await ask(ecs, "RunInstances", { ...node, HpcClusterId: id, Amount: "2", InstanceName: "node" });
  await tab.until(showsIn("instances", "node", id, "ecs.sccg7.32xlarge", "cn-hangzhou-a", "192.168.0.2"));
  await tab.until(showsIn("requests", "RunInstances", ecs.store.instances()[1]!.instanceId, "200"));

  const box = (rule: string) =>
    `[...document.querySelectorAll("label")].find((each) => each.innerText.trim() === ${JSON.stringify(rule)})?.firstChild`;
  await tab.evaluate(`${box("throttling")}.click()`);
  await expect.poll(() => ecs.faults.active, waiting).toEqual([{ kind: "throttling" }]);
  expect((await create("training", "")).json["Code"]).toBe("Throttling.User");
  await tab.until(showsIn("requests", "Throttling.User", "throttling"));
  const picture = process.env["EMULATOR_PICTURE"];
  if (picture !== undefined) {
    writeFileSync(picture, await tab.picture(1100, 560));
  }
  ecs.faults.add({ kind: "delay", ms: 1 });
  await tab.until(`${box("delay ms=1")}?.checked`);
  await tab.evaluate(`${box("throttling")}.click()`);
  await expect.poll(() => ecs.faults.active, waiting).toEqual([{ kind: "delay", ms: 1 }]);
  // What clients choose is shown as text.
  expect((await create("training", "<img src=x onerror=alert(1)>")).status).toBe(200);
  await tab.until(showsIn("clusters", "training", "<img src=x onerror=alert(1)>"));
  expect(await tab.evaluate("document.images.length")).toBe(0);
});

inBrowser(`the page of another origin neither sees nor changes anything${skipped}`, { timeout }, async () => {
  ecs.store.add({ name: "farm" });
  const server = createServer((_, response) => response.end("<!doctype html><title>Another</title>"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await using tab = await openTab(chromium!);
  try {
    await tab.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const own = `${ecs.endpoint}/_emulator/`;
    const sends = (path: string, options: string) =>
      tab.evaluate(`fetch("${own}${path}", ${options}).then((answer) => answer.type, String)`);
    expect(await sends("reset", '{ method: "POST", mode: "no-cors" }')).toBe("opaque");
    expect(await sends("clusters", '{ method: "POST", mode: "no-cors", body: \'{"name":"evil"}\' }')).toBe(
      "opaque",
    );
    expect(await sends("clusters", "{}")).toContain("Failed to fetch");
    expect(await sends("faults", '{ method: "PUT", body: \'{"rules":[]}\' }')).toContain("Failed to fetch");
    expect(ecs.store.clusters()).toMatchObject([{ name: "farm" }]);
    // The same page, opened from here: only its own requests, and those that the user types, are answered.
    await tab.evaluate(`void (location.href = "${own}")`);
    await expect.poll(() => tab.textOf(own), waiting).toContain("Requests of web pages are refused.");
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
