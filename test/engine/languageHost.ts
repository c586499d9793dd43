/**
 * A language host for `nodejs`, Go or Java, for a machine whose Pulumi comes without one: the engine that is built from the Go module proxy has
 * none. It runs programs as `pulumi-language-nodejs` does, with `cmd/run` of the program's own SDK in a process of its own.
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import path from "node:path";
import grpc from "@grpc/grpc-js";
import type * as LanguageService from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type * as LanguageMessages from "@pulumi/pulumi/proto/language_pb.js";
import type * as PluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";

// Generated CommonJS, whose exports Node cannot see from outside.
const require = createRequire(import.meta.url);
const messages = require("@pulumi/pulumi/proto/language_pb.js") as typeof LanguageMessages;
const { PluginInfo } = require("@pulumi/pulumi/proto/plugin_pb.js") as typeof PluginMessages;
const { LanguageRuntimeService } =
  require("@pulumi/pulumi/proto/language_grpc_pb.js") as typeof LanguageService;

/** The program of a folder, and the Node that runs it. */
export interface HostedProgram {
  node: string;
  folder: string;
  /** The runtime's option of that name in Pulumi.yaml: with `--client` the engine does not pass it on. */
  typescript: boolean;
}

/** A program that takes what the engine says from its environment, as those of Go and Java do. */
export interface HostedCommand {
  /** The runtime in Pulumi.yaml. */
  language: string;
  /** The file and its arguments. */
  command: readonly [string, ...string[]];
}

/** Turns a program of the engine's own language (PCL) into another one. `loader` is the address of its schema loader. */
export type ProgramGenerator = (sources: Record<string, string>, loader: string) => Promise<string>;

/** What the host can do beside answering. */
export interface HostOptions {
  run?: HostedProgram | HostedCommand;
  /** Default: an empty program. */
  generate?: ProgramGenerator;
}

export class LanguageHost implements AsyncDisposable {
  /** For `pulumi up --client=<address>`. */
  readonly address: string;
  /** For every other command, which then starts no host. */
  readonly env: Record<string, string>;
  /** The schemas that it was asked to make SDKs of; it makes none. */
  readonly schemas: readonly string[];
  private readonly server: grpc.Server;

  private constructor(server: grpc.Server, port: number, schemas: readonly string[], language: string) {
    this.server = server;
    this.schemas = schemas;
    this.address = `127.0.0.1:${port}`;
    this.env = { PULUMI_DEBUG_LANGUAGES: `${language}:${port}` };
  }

  static async start({ run, generate = async () => "" }: HostOptions = {}): Promise<LanguageHost> {
    const server = new grpc.Server();
    const schemas: string[] = [];
    let engine = "";
    const answer =
      <Request>(answerTo: (request: Request) => unknown) =>
      ({ request }: { request: Request }, done: grpc.sendUnaryData<unknown>): void => {
        new Promise((resolve) => resolve(answerTo(request))).then(
          (response) => done(null, response),
          (error: unknown) => done(error as Error),
        );
      };
    server.addService(LanguageRuntimeService, {
      getPluginInfo: answer(() => new PluginInfo().setVersion("1.0.0")),
      getRequiredPlugins: answer(() => new messages.GetRequiredPluginsResponse()),
      getRequiredPackages: answer(() => new messages.GetRequiredPackagesResponse()),
      handshake: answer((request: LanguageMessages.LanguageHandshakeRequest) => {
        engine = request.getEngineAddress();
        return new messages.LanguageHandshakeResponse();
      }),
      generatePackage: answer((request: LanguageMessages.GeneratePackageRequest) => {
        schemas.push(request.getSchema());
        return new messages.GeneratePackageResponse();
      }),
      link: answer(() => new messages.LinkResponse()),
      template: answer(() => new messages.TemplateResponse()),
      runtimeOptionsPrompts: answer(() => new messages.RuntimeOptionsResponse()),
      // The test installs them, with the npm and the settings of its own.
      installDependencies: (call: grpc.ServerWritableStream<unknown, unknown>) => call.end(),
      run: answer((request: LanguageMessages.RunRequest) => {
        if (run === undefined) {
          throw new Error("This host has no program.");
        }
        return "command" in run ? runCommand(run, request, engine) : runProgram(run, request);
      }),
      generateProgram: answer(async (request: LanguageMessages.GenerateProgramRequest) => {
        const sources = Object.fromEntries(request.getSourceMap().toArray());
        const program = await generate(sources, request.getLoaderTarget());
        const response = new messages.GenerateProgramResponse();
        response.getSourceMap().set("index.ts", Buffer.from(program).toString("base64"));
        return response;
      }),
    });
    const bind = promisify(server.bindAsync.bind(server));
    const port = await bind("127.0.0.1:0", grpc.ServerCredentials.createInsecure());
    return new LanguageHost(
      server,
      port,
      schemas,
      run !== undefined && "language" in run ? run.language : "nodejs",
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.server.forceShutdown();
    return Promise.resolve();
  }
}

function runProgram(
  { node, folder, typescript }: HostedProgram,
  request: LanguageMessages.RunRequest,
): Promise<LanguageMessages.RunResponse> {
  const program = createRequire(path.join(folder, "index.js"));
  const [engine = ""] = request.getArgsList();
  const args = [
    program.resolve("@pulumi/pulumi/cmd/run"),
    `--monitor=${request.getMonitorAddress()}`,
    `--engine=${engine}`,
    `--project=${request.getProject()}`,
    `--stack=${request.getStack()}`,
    `--organization=${request.getOrganization()}`,
    `--pwd=${folder}`,
    `--parallel=${request.getParallel()}`,
    ...(request.getDryrun() ? ["--dry-run"] : []),
    ".",
  ];
  return execute(node, args, folder, {
    ...configurationOf(request),
    PULUMI_NODEJS_TYPESCRIPT: String(typescript),
    // The tests run the compiler, once.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
  });
}

function runCommand(
  { command: [file, ...args] }: HostedCommand,
  request: LanguageMessages.RunRequest,
  engine: string,
): Promise<LanguageMessages.RunResponse> {
  return execute(file, args, request.getPwd(), {
    ...configurationOf(request),
    PULUMI_ORGANIZATION: request.getOrganization(),
    PULUMI_PROJECT: request.getProject(),
    PULUMI_STACK: request.getStack(),
    PULUMI_DRY_RUN: String(request.getDryrun()),
    PULUMI_PARALLEL: String(request.getParallel()),
    PULUMI_MONITOR: request.getMonitorAddress(),
    PULUMI_ENGINE: engine,
  });
}

function configurationOf(request: LanguageMessages.RunRequest): Record<string, string> {
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  };
}

function execute(
  file: string,
  args: readonly string[],
  cwd: string,
  variables: Record<string, string>,
): Promise<LanguageMessages.RunResponse> {
  const env = { ...process.env, ...variables };
  return new Promise((resolve) => {
    execFile(file, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const response = new messages.RunResponse();
      response.setError(error === null ? "" : `${error.message}\n${stdout}${stderr}`);
      resolve(response);
    });
  });
}
