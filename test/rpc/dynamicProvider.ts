/**
 * The SDK's own dynamic-provider server, driven over gRPC as the engine drives it: what it does between the engine and the
 * module (deserializing `__provider`, wrapping results and errors) is part of what is tested.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type * as ProviderMessages from "@pulumi/pulumi/proto/provider_pb.js";
import type * as ProviderService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as StatusMessages from "@pulumi/pulumi/proto/status_pb.js";

// Generated CommonJS, whose exports Node cannot see from outside.
const require = createRequire(import.meta.url);
const messages = require("@pulumi/pulumi/proto/provider_pb.js") as typeof ProviderMessages;
const { ResourceProviderClient } =
  require("@pulumi/pulumi/proto/provider_grpc_pb.js") as typeof ProviderService;
const { Status } = require("@pulumi/pulumi/proto/status_pb.js") as typeof StatusMessages;
const { Struct: StructMessage } = require("google-protobuf/google/protobuf/struct_pb.js") as {
  Struct: typeof Struct;
};

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** How the engine sends an unknown value. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Inputs, outputs or configuration, as they travel. */
export type Properties = Readonly<Record<string, unknown>>;

/** The result of check. */
export interface Checked {
  inputs: Properties;
  failures: { property: string; reason: string }[];
}

/** The result of diff. */
export interface Differences {
  changes: boolean | undefined;
  replaces: string[];
}

/** The result of create and read. */
export interface Resource {
  id: string;
  properties: Properties;
  inputs: Properties | undefined;
}

/** The error of a call, as the engine receives it. */
export class ProviderError extends Error {
  readonly code: number;
  /** Of a resource that exists: the engine keeps it in the state. */
  readonly initFailure: { id: string; properties: Properties; reasons: string[] } | undefined;

  constructor(error: ServiceError) {
    super(error.details);
    this.name = "ProviderError";
    this.code = error.code;
    const [packed] = error.metadata.get("grpc-status-details-bin");
    if (packed === undefined || typeof packed === "string") {
      return;
    }
    const details = Status.deserializeBinary(packed).getDetailsList();
    const failed = details.find((any) => any.getTypeName() === "pulumirpc.ErrorResourceInitFailed");
    if (failed === undefined) {
      return;
    }
    const message = messages.ErrorResourceInitFailed.deserializeBinary(failed.getValue_asU8());
    this.initFailure = {
      id: message.getId(),
      properties: plainOf(message.getProperties()),
      reasons: message.getReasonsList(),
    };
  }
}

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
export class DynamicProvider {
  private readonly answers: string[] = [];

  private constructor(
    private readonly process: ChildProcess,
    private readonly client: ProviderService.ResourceProviderClient,
    private readonly providerText: string,
    private readonly output: string[],
  ) {}

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
    const output: string[] = [];
    child.stderr.setEncoding("utf8").on("data", (text: string) => output.push(text));
    const port = await new Promise<number>((resolve, reject) => {
      let printed = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        output.push(text);
        printed += text;
        const line = /^(\d+)\n/.exec(printed)?.[1];
        if (line !== undefined) {
          resolve(Number(line));
        }
      });
      child.once("error", reject);
      child.once("exit", (status) =>
        reject(new Error(`The provider ended with ${status}: ${output.join("")}`)),
      );
    });
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    return new DynamicProvider(child, client, providerText, output);
  }

  /** Everything that the process has written and returned, with the details of errors. */
  get transcript(): string {
    return [...this.output, ...this.answers].join("\n");
  }

  configure(configuration: Readonly<Record<string, string>>): Promise<void> {
    const request = new messages.ConfigureRequest();
    request.setArgs(structOf(configuration));
    return this.call(
      (done) => this.client.configure(request, done),
      () => undefined,
    );
  }

  /** `olds` are the stored inputs; none for a new resource and for a replacement. */
  check(olds: Properties, news: Properties): Promise<Checked> {
    const request = new messages.CheckRequest();
    request.setOlds(structOf(olds));
    request.setNews(this.withProvider(news));
    return this.call(
      (done) => this.client.check(request, done),
      (response: ProviderMessages.CheckResponse) => ({
        inputs: plainOf(response.getInputs()),
        failures: response
          .getFailuresList()
          .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
      }),
    );
  }

  /** `olds` are the stored outputs. */
  diff(id: string, olds: Properties, news: Properties): Promise<Differences> {
    const request = new messages.DiffRequest();
    request.setId(id);
    request.setOlds(this.withProvider(olds));
    request.setNews(this.withProvider(news));
    return this.call(
      (done) => this.client.diff(request, done),
      (response: ProviderMessages.DiffResponse) => ({
        changes: [undefined, false, true][response.getChanges()],
        replaces: response.getReplacesList(),
      }),
    );
  }

  create(inputs: Properties): Promise<Resource> {
    const request = new messages.CreateRequest();
    request.setProperties(this.withProvider(inputs));
    return this.call(
      (done) => this.client.create(request, done),
      (response: ProviderMessages.CreateResponse) => ({
        id: response.getId(),
        properties: plainOf(response.getProperties()),
        inputs: undefined,
      }),
    );
  }

  /** As for a refresh: with the stored outputs. */
  refresh(id: string, outputs: Properties): Promise<Resource> {
    const request = new messages.ReadRequest();
    request.setId(id);
    request.setProperties(this.withProvider(outputs));
    return this.read(request);
  }

  /** As for `HpcCluster.get`: with the program's inputs alone. */
  get(id: string, inputs: Properties): Promise<Resource> {
    const request = new messages.ReadRequest();
    request.setId(id);
    request.setInputs(this.withProvider(inputs));
    return this.read(request);
  }

  update(id: string, olds: Properties, news: Properties): Promise<Properties> {
    const request = new messages.UpdateRequest();
    request.setId(id);
    request.setOlds(this.withProvider(olds));
    request.setNews(this.withProvider(news));
    return this.call(
      (done) => this.client.update(request, done),
      (response: ProviderMessages.UpdateResponse) => plainOf(response.getProperties()),
    );
  }

  delete(id: string, outputs: Properties): Promise<void> {
    const request = new messages.DeleteRequest();
    request.setId(id);
    request.setProperties(this.withProvider(outputs));
    return this.call(
      (done) => this.client.delete(request, done),
      () => undefined,
    );
  }

  async stop(): Promise<void> {
    this.client.close();
    if (this.process.exitCode !== null || this.process.signalCode !== null) {
      return;
    }
    const ended = new Promise<void>((resolve) => this.process.once("exit", () => resolve()));
    this.process.kill();
    await ended;
  }

  private read(request: ProviderMessages.ReadRequest): Promise<Resource> {
    return this.call(
      (done) => this.client.read(request, done),
      (response: ProviderMessages.ReadResponse) => ({
        id: response.getId(),
        properties: plainOf(response.getProperties()),
        inputs: response.hasInputs() ? plainOf(response.getInputs()) : undefined,
      }),
    );
  }

  private withProvider(properties: Properties): Struct {
    return structOf({ ...properties, __provider: this.providerText });
  }

  private call<Response, Result>(
    start: (done: (error: ServiceError | null, response: Response) => void) => void,
    resultOf: (response: Response) => Result,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      start((error, response) => {
        if (error !== null) {
          const failure = new ProviderError(error);
          this.answers.push(
            JSON.stringify({
              text: error.message,
              stack: error.stack,
              metadata: error.metadata.toJSON(),
              initFailure: failure.initFailure,
            }),
          );
          reject(failure);
          return;
        }
        const result = resultOf(response);
        this.answers.push(JSON.stringify(result ?? null));
        resolve(result);
      });
    });
  }
}

/** As the SDK sends values: fields that are undefined are dropped. */
function structOf(properties: Properties): Struct {
  const sent = JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>;
  return StructMessage.fromJavaScript(sent);
}

function plainOf(struct: Struct | undefined): Properties {
  return struct?.toJavaScript() ?? {};
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    text += chunk as string;
  }
  return text;
}
