/**
 * A language host for the commands that need one beside a program, as `pulumi import` does: the official release has one for
 * Node.js, the engine that is built from the Go module proxy has none.
 */
import { promisify } from "node:util";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import {
  GenerateProgramRequest,
  GenerateProgramResponse,
  GetRequiredPackagesResponse,
  LanguageHandshakeResponse,
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

/** Starts a language host for `nodejs`. */
export async function startLanguageHost(generate: ProgramGenerator): Promise<LanguageHost> {
  const server = new Server();
  server.addService(LanguageRuntimeService, {
    handshake: (_: unknown, callback: Callback) => {
      callback(null, new LanguageHandshakeResponse());
    },
    getPluginInfo: (_: unknown, callback: Callback) => {
      callback(null, new PluginInfo());
    },
    getRequiredPackages: (_: unknown, callback: Callback) => {
      callback(null, new GetRequiredPackagesResponse());
    },
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
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", ServerCredentials.createInsecure());
  return {
    env: { PULUMI_DEBUG_LANGUAGES: `nodejs:${port}` },
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
    },
  };
}
