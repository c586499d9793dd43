/** Promise: from an empty folder, `npm install` and `pulumi new` with the package's template make a project that works. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { startEmulator } from "../../emulator/emulator.ts";
import { createBackend, StateFile, readStateText } from "../engine/backend.ts";
import { languageHost, runCli } from "../engine/cli.ts";
import { repositoryRoot } from "../engine/engine.ts";
import { LanguageHost } from "../engine/languageHost.ts";
import { Toolbox } from "./toolbox.ts";

interface Manifest {
  name: string;
  version: string;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

const textIn = (folder: string, file: string): string => readFileSync(path.join(folder, file), "utf8");
const manifestIn = (folder: string): Manifest => JSON.parse(textIn(folder, "package.json")) as Manifest;

const toolbox = new Toolbox((line) => process.stderr.write(`[template] ${line}\n`));
afterAll(() => toolbox[Symbol.dispose]());

test("the template wants this version of the package, and the SDKs that it allows", () => {
  const { name, version, peerDependencies } = manifestIn(repositoryRoot);
  expect(manifestIn(path.join(repositoryRoot, "template")).dependencies).toEqual({
    ...peerDependencies,
    [name]: `^${version}`,
  });
});

// Two installs from a registry and a compilation on a machine where every core has an engine of its own.
test("from an empty folder to a cluster", { timeout: 10 * 60_000 }, async () => {
  const folder = path.join(toolbox.folder, "empty");
  mkdirSync(folder);
  const node = process.execPath;
  await toolbox.npm(["install", await toolbox.tarball()], { cwd: folder, node });

  const backend = createBackend();
  const ecs = await startEmulator();
  const isAlone = (await languageHost()) === undefined;
  await using host = await LanguageHost.start({ run: { node, folder, typescript: true } });
  const pulumi = async (...args: string[]): Promise<string> => {
    const env = isAlone ? host.env : {};
    const { exitCode, stdout, stderr } = await runCli(args, { cwd: folder, backend, env });
    expect(exitCode, `pulumi ${args.join(" ")}\n${stdout}${stderr}`).toBe(0);
    return stdout;
  };
  try {
    const made = await pulumi(
      ...["new", "./node_modules/pulumi-alicloud-hpc/template", "--force", "--yes"],
      ...["--name", "farm", "--description", "Frames: at night", "--stack", "dev"],
    );
    expect(made).toContain("pulumi config set --secret alicloud:accessKey");
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining([".gitignore", "Pulumi.dev.yaml", "Pulumi.yaml", "index.ts", "tsconfig.json"]),
    );
    const project = textIn(folder, "Pulumi.yaml");
    expect(project).toMatch(/^name: farm$/m);
    expect(project).toMatch(/^description: (['"])Frames: at night\1$/m);
    expect(project).not.toContain("${");
    expect(manifestIn(folder).name).toBe("farm");
    expect(await pulumi("config", "get", "alicloud:region")).toBe("cn-hangzhou\n");

    await toolbox.npm(["install"], { cwd: folder, node });
    const usage = await toolbox.npm(["exec", "--", "pulumi-alicloud-hpc", "emulator", "--help"], {
      cwd: folder,
      node,
    });
    expect(usage).toContain("Usage: pulumi-alicloud-hpc emulator [options]");
    const compiler = createRequire(path.join(folder, "index.ts")).resolve("typescript/bin/tsc");
    // Together with the program of llms.txt.
    const [, program = ""] = /^```ts\n([^]*?)^```$/m.exec(textIn(repositoryRoot, "llms.txt")) ?? [];
    const llms = path.join(folder, "llms");
    mkdirSync(llms);
    writeFileSync(path.join(llms, "index.ts"), program);
    writeFileSync(
      path.join(llms, "tsconfig.json"),
      JSON.stringify({ extends: "../tsconfig.json", files: ["../index.ts", "index.ts"] }),
    );
    await toolbox.run(node, [compiler, "--noEmit", "-p", "llms"], { cwd: folder, node });

    for (const [key, { value, secret = false }] of Object.entries(ecs.stackConfig)) {
      if (key !== "alicloud:region") {
        await pulumi("config", "set", secret ? "--secret" : "--plaintext", key, value);
      }
    }
    await pulumi("up", "--yes", "--skip-preview");
    const clusters = ecs.store.clusters();
    expect(clusters).toMatchObject([{ name: "render-farm", regionId: "cn-hangzhou" }]);
    const state = new StateFile(readStateText(backend, "farm", "dev"));
    expect(state.resources("pulumi:pulumi:Stack")[0]?.outputs).toEqual({
      clusterId: clusters[0]?.hpcClusterId,
    });
  } finally {
    await ecs.stop();
    backend.dispose();
  }
});
