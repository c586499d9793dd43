/**
 * Promise: the state names the line of the program that declares a resource, as for one of `@pulumi/alicloud`. The SDK leaves out a
 * fixed number of stack frames, so a base class of ours would make it a line of this package.
 */
import { expect, test } from "vitest";
import { runInChild } from "./childProcess.ts";

const program = `
  const { runtime } = require("@pulumi/pulumi");
  const official = require("@pulumi/alicloud");
  const dynamic = require("./provider/index.ts");
  const plugin = require("./provider/plugin.ts");

  const declare = {
    "official cluster": () => new official.ecs.HpcCluster("official cluster", { name: "render-farm" }),
    "dynamic cluster": () => new dynamic.HpcCluster("dynamic cluster", { name: "render-farm" }),
    "plugin cluster": () => new plugin.HpcCluster("plugin cluster", { name: "render-farm" }),
    "official provider": () => new official.Provider("official provider", { region: "cn-beijing" }),
    "dynamic provider": () => new dynamic.Provider("dynamic provider", { region: "cn-beijing" }),
    "plugin provider": () => new plugin.Provider("plugin provider", { region: "cn-beijing" }),
  };

  const sent = {};
  async function run() {
    await runtime.setMocks({ newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) });
    const monitor = runtime.getMonitor();
    const registerResource = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) => {
      const frames = request.getStacktrace().getFramesList().map((frame) => frame.getPc()?.getUri());
      sent[request.getName()] = { position: request.getSourceposition()?.getUri(), frames };
      registerResource(request, callback);
    };
    await Promise.all(Object.values(declare).map((each) => each().urn.promise()));
    console.log(JSON.stringify(sent));
  }
  run();
`;

interface Sent {
  position?: string;
  /** Where each frame of the stack trace is. */
  frames: string[];
}

/** The program is given on the command line. */
const isProgram = (file: string | undefined): boolean => file?.endsWith(encodeURI("/[eval]")) === true;

test("a resource has the place of its declaration in the program", async () => {
  const sent = JSON.parse((await runInChild(program, {})).stdout) as Record<string, Sent>;

  for (const cluster of ["official cluster", "dynamic cluster", "plugin cluster"]) {
    expect(sent[cluster]?.position, cluster).toSatisfy(isProgram);
  }
  // The SDK leaves out one frame too few for every provider: its place is the class.
  const depth = (name: string) => sent[name]?.frames.findIndex(isProgram);
  expect(depth("official provider")).toBeGreaterThanOrEqual(0);
  expect(depth("dynamic provider")).toBe(depth("official provider"));
  expect(depth("plugin provider")).toBe(depth("official provider"));
});
