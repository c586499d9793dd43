/**
 * A language host for the commands that need one beside a program, as `pulumi import` does: the official release has one for
 * Node.js, the engine that is built from the Go module proxy has none.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import {
  GeneratePackageRequest,
  GeneratePackageResponse,
  GenerateProgramRequest,
  GenerateProgramResponse,
  GetRequiredPackagesResponse,
  LanguageHandshakeResponse,
  LinkResponse,
  type RunRequest,
  RunResponse,
} from "@pulumi/pulumi/proto/language_pb.js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";

/** Turns a program of the engine's own language (PCL) into another one. `loader` is the address of its schema loader. */
export type ProgramGenerator = (sources: Record<string, string>, loader: string) => Promise<string>;

/** A running language host. */
export interface LanguageHost extends AsyncDisposable {
  /** For the engine, which then starts no host. */
  env: Record<string, string>;
}

type Callback = (error: Error | null, value?: unknown) => void;

/** Starts a language host for `nodejs` that turns programs of PCL into TypeScript. */
export async function startLanguageHost(generate: ProgramGenerator): Promise<LanguageHost> {
  return await startHost({
    generateProgram: ({ request }: { request: GenerateProgramRequest }, callback: Callback) => {
      const sources = Object.fromEntries(request.getSourceMap().toArray());
      generate(sources, request.getLoaderTarget()).then(
        (program) => {
          const response = new GenerateProgramResponse();
          response.getSourceMap().set("index.ts", Buffer.from(program).toString("base64"));
          callback(null, response);
        },
        (error: unknown) => {
          callback(error as Error);
        },
      );
    },
  });
}

/**
 * Starts a language host that runs a program as those of Go and Java do: with what the engine says in the environment.
 *
 * @param language of Pulumi.yaml
 * @param command the program and its arguments
 */
export async function startProgramHost(language: string, command: readonly string[]): Promise<LanguageHost> {
  const [file = "", ...args] = command;
  return await startHost(
    {
      run: ({ request }: { request: RunRequest }, callback: Callback) => {
        const env = {
          PATH: process.env["PATH"],
          PULUMI_ORGANIZATION: request.getOrganization(),
          PULUMI_PROJECT: request.getProject(),
          PULUMI_STACK: request.getStack(),
          PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
          PULUMI_DRY_RUN: String(request.getDryrun()),
          PULUMI_PARALLEL: String(request.getParallel()),
          PULUMI_MONITOR: request.getMonitorAddress(),
          PULUMI_ENGINE: request.getArgsList()[0],
        };
        execFile(file, args, { cwd: request.getPwd(), env }, (error, stdout, stderr) => {
          callback(
            null,
            new RunResponse().setError(error === null ? "" : `${error.message}\n${stdout}${stderr}`),
          );
        });
      },
      installDependencies: (call: { end: () => void }) => {
        call.end();
      },
    },
    language,
  );
}

/** Starts a language host for `nodejs` that is asked for SDKs, and makes none. */
export async function startSdkHost(): Promise<LanguageHost & { schemas: readonly string[] }> {
  const schemas: string[] = [];
  const host = await startHost({
    generatePackage: ({ request }: { request: GeneratePackageRequest }, callback: Callback) => {
      schemas.push(request.getSchema());
      callback(null, new GeneratePackageResponse());
    },
    link: (_: unknown, callback: Callback) => {
      callback(null, new LinkResponse());
    },
    installDependencies: (call: { end: () => void }) => {
      call.end();
    },
  });
  return { ...host, schemas };
}

async function startHost(methods: object, language = "nodejs"): Promise<LanguageHost> {
  const server = new Server();
  server.addService(LanguageRuntimeService, {
    ...methods,
    handshake: (_: unknown, callback: Callback) => {
      callback(null, new LanguageHandshakeResponse());
    },
    getPluginInfo: (_: unknown, callback: Callback) => {
      callback(null, new PluginInfo());
    },
    getRequiredPackages: (_: unknown, callback: Callback) => {
      callback(null, new GetRequiredPackagesResponse());
    },
  });
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", ServerCredentials.createInsecure());
  return {
    env: { PULUMI_DEBUG_LANGUAGES: `${language}:${port}` },
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
    },
  };
}
