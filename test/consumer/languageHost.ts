/**
 * Runs programs as `pulumi-language-nodejs` does, for a machine whose Pulumi comes without it: with `cmd/run` of the program's own
 * SDK, in a process of its own. `pulumi up --client=<address>` takes it for the language host, and a command without that option with
 * PULUMI_DEBUG_LANGUAGES.
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
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

type Answer = grpc.sendUnaryData<unknown>;

export class LanguageHost implements AsyncDisposable {
  readonly address: string;
  private readonly server: grpc.Server;

  private constructor(server: grpc.Server, port: number) {
    this.server = server;
    this.address = `127.0.0.1:${port}`;
  }

  /**
   * Starts it for the program in a folder, which runs on this Node.
   *
   * @param options.typescript the runtime's option of that name in Pulumi.yaml: with `--client` the engine does not pass it on
   */
  static async start(options: { node: string; folder: string; typescript: boolean }): Promise<LanguageHost> {
    const { node, folder, typescript } = options;
    const server = new grpc.Server();
    server.addService(LanguageRuntimeService, {
      getPluginInfo: (_call: unknown, answer: Answer) => {
        const info = new PluginInfo();
        info.setVersion("1.0.0");
        answer(null, info);
      },
      getRequiredPlugins: (_call: unknown, answer: Answer) =>
        answer(null, new messages.GetRequiredPluginsResponse()),
      getRequiredPackages: (_call: unknown, answer: Answer) =>
        answer(null, new messages.GetRequiredPackagesResponse()),
      handshake: (_call: unknown, answer: Answer) => answer(null, new messages.LanguageHandshakeResponse()),
      template: (_call: unknown, answer: Answer) => answer(null, new messages.TemplateResponse()),
      runtimeOptionsPrompts: (_call: unknown, answer: Answer) =>
        answer(null, new messages.RuntimeOptionsResponse()),
      // The test installs them, with the npm and the settings of its own.
      installDependencies: (call: grpc.ServerWritableStream<unknown, unknown>) => call.end(),
      run: ({ request }: { request: LanguageMessages.RunRequest }, answer: Answer) => {
        const program = createRequire(path.join(folder, "index.js"));
        const env = {
          ...process.env,
          PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
          PULUMI_NODEJS_TYPESCRIPT: String(typescript),
        };
        execFile(
          node,
          [program.resolve("@pulumi/pulumi/cmd/run"), ...argumentsOf(request, folder)],
          { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 },
          (error, stdout, stderr) => {
            const response = new messages.RunResponse();
            response.setError(error === null ? "" : `${error.message}\n${stdout}${stderr}`);
            answer(null, response);
          },
        );
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) {
          resolve(bound);
        } else {
          reject(error);
        }
      });
    });
    return new LanguageHost(server, port);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.server.forceShutdown();
    return Promise.resolve();
  }
}

function argumentsOf(request: LanguageMessages.RunRequest, folder: string): string[] {
  const [engine = ""] = request.getArgsList();
  return [
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
}
