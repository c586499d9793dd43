/**
 * The SDK's own dynamic-provider server, driven over gRPC as the engine drives it: what it does between the engine and the
 * module (deserializing `__provider`, wrapping results and errors) is part of what is tested.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { messages, portOf, ProviderProcess, structOf, type Properties } from "./servedProvider.ts";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

const declaring = `
  const pulumi = require("@pulumi/pulumi");
  const { HpcCluster } = require("pulumi-alicloud-hpc");
  const resources = [];
  const mocks = {
    newResource: (args) => {
      resources.push({ type: args.type, inputs: args.inputs });
      return { id: args.name + "-id", state: args.inputs };
    },
    call: (args) => args.inputs,
  };
  (async () => {
    await pulumi.runtime.setMocks(mocks);
    const cluster = new HpcCluster("rendering", { name: "render-farm", regionId: "cn-hangzhou" });
    await new Promise((resolve) => cluster.urn.apply(resolve));
    process.stdout.write(JSON.stringify(resources));
  })();
`;

/** A folder like that of a user's program: the package is one of its direct dependencies. */
export class ProgramFolder {
  readonly path: string;

  constructor() {
    // The real path, because Node resolves modules from real paths.
    this.path = realpathSync(mkdtempSync(path.join(tmpdir(), "hpc-rpc-")));
    symlinkSync(path.join(root, "node_modules"), path.join(this.path, "node_modules"), "dir");
    writeFileSync(path.join(this.path, "package.json"), '{ "private": true, "type": "commonjs" }\n');
  }

  /** Without the developer's credentials and settings. */
  get environment(): NodeJS.ProcessEnv {
    return { PATH: process.env["PATH"] ?? "", HOME: this.path, USERPROFILE: this.path };
  }

  /** What a program registers that declares one cluster: the resources' inputs, among them `__provider`. */
  async registered(): Promise<{ type: string; inputs: Properties }[]> {
    const child = spawn(process.execPath, ["-e", declaring], {
      cwd: this.path,
      env: this.environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const [output, errors, status] = await Promise.all([
      textOf(child.stdout),
      textOf(child.stderr),
      new Promise<number | null>((resolve, reject) => child.once("error", reject).once("exit", resolve)),
    ]);
    if (status !== 0) {
      throw new Error(`The program ended with ${status}: ${errors}`);
    }
    return JSON.parse(output) as { type: string; inputs: Properties }[];
  }

  /** The text that is stored with every cluster. */
  async providerText(): Promise<string> {
    const cluster = (await this.registered()).find(({ type }) => type.endsWith(":HpcCluster"));
    const text = cluster?.inputs["__provider"];
    if (typeof text !== "string") {
      throw new Error("The program registered no cluster with a provider.");
    }
    return text;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** One process of the SDK's dynamic-provider server, and a client to it. */
export class DynamicProvider extends ProviderProcess {
  /** Starts the server in a program's folder; the engine would call configure next. */
  static async start(
    folder: ProgramFolder,
    providerText: string,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<DynamicProvider> {
    const server = path.join(root, "node_modules/@pulumi/pulumi/cmd/dynamic-provider");
    // The engine's address is mandatory, and never called.
    const child = spawn(process.execPath, [server, "127.0.0.1:9"], {
      cwd: folder.path,
      env: { ...folder.environment, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new DynamicProvider(await portOf(child), "pulumi-nodejs:dynamic/alicloud:HpcCluster", {
      __provider: providerText,
    });
  }

  /** @param configuration the stack's, e.g. `alicloud:region` */
  configure(configuration: Readonly<Record<string, string>>): Promise<void> {
    const request = new messages.ConfigureRequest().setArgs(structOf(configuration));
    return this.call(
      (done) => this.client.configure(request, done),
      () => undefined,
    );
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    text += chunk as string;
  }
  return text;
}
