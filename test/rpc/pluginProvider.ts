/** The plugin, started as the engine starts it: the executable of the installed package. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import path from "node:path";
import type { ServiceError } from "@grpc/grpc-js";
import type * as EmptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import type * as PluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as ProviderMessages from "@pulumi/pulumi/proto/provider_pb.js";
import {
  messages,
  plainOf,
  portOf,
  ProviderError,
  ProviderProcess,
  structOf,
  type About,
  type Checked,
  type Properties,
  type Resource,
} from "./servedProvider.ts";

const require = createRequire(import.meta.url);
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js") as typeof EmptyMessages;
const { PluginAttach } = require("@pulumi/pulumi/proto/plugin_pb.js") as typeof PluginMessages;

/** The executable of the package that test/engine/globalSetup.ts has installed. */
export const executable = path.resolve(
  import.meta.dirname,
  "../../node_modules/pulumi-alicloud-hpc/pulumi-resource-alicloud-hpc",
);

export const clusterType = "alicloud-hpc:index:HpcCluster";

/** Without the developer's credentials and settings. The Node.js of the tests comes first. */
export const pluginEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env["PATH"] ?? ""}`,
  HOME: homedir(),
});

interface StartOptions {
  /** The arguments of the process. Default: the engine's address, if one is given. */
  args?: readonly string[];
  engineAddress?: string;
  environment?: NodeJS.ProcessEnv;
  /** Default: the package's own. */
  file?: string;
}

interface ListOptions {
  /** Default: the cluster's. */
  type?: string;
  limit?: number;
  pageSize?: number;
  /** That of the page before. */
  token?: string;
}

/** The result of List. */
export interface Listed {
  clusters: { id: string; name: string }[];
  /** For the next page. */
  token?: string;
  /** Whether the query has unknown values. */
  isComputed: boolean;
}

/** One process of the plugin, and a client to it. */
export class PluginProvider extends ProviderProcess {
  static async start(options: StartOptions = {}): Promise<PluginProvider> {
    const { engineAddress, environment = {}, file = executable } = options;
    const args = options.args ?? (engineAddress === undefined ? [] : [engineAddress]);
    const child = spawn(file, args, {
      env: { ...pluginEnvironment(), ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new PluginProvider(await portOf(child), clusterType, {});
  }

  /** @param id of the provider resource */
  configure(configuration: Properties, id = "the-id-of-the-provider"): Promise<Record<string, boolean>> {
    return this.sendConfigure(new messages.ConfigureRequest().setArgs(structOf(configuration)).setId(id));
  }

  sendConfigure(request: ProviderMessages.ConfigureRequest): Promise<Record<string, boolean>> {
    return this.call(
      (done) => this.client.configure(request, done),
      (response: ProviderMessages.ConfigureResponse) => ({
        acceptSecrets: response.getAcceptsecrets(),
        supportsPreview: response.getSupportspreview(),
        supportsAutonaming: response.getSupportsAutonamingConfiguration(),
      }),
    );
  }

  handshake(engineAddress: string): Promise<{ acceptSecrets: boolean }> {
    const request = new messages.ProviderHandshakeRequest().setEngineAddress(engineAddress);
    return this.call(
      (done) => this.client.handshake(request, done),
      (response: ProviderMessages.ProviderHandshakeResponse) => ({
        acceptSecrets: response.getAcceptSecrets(),
      }),
    );
  }

  attach(engineAddress: string): Promise<void> {
    return this.call(
      (done) => this.client.attach(new PluginAttach().setAddress(engineAddress), done),
      () => undefined,
    );
  }

  pluginInfo(): Promise<{ version: string }> {
    return this.call(
      (done) => this.client.getPluginInfo(new Empty(), done),
      (response: PluginMessages.PluginInfo) => ({ version: response.getVersion() }),
    );
  }

  schema(version = 0): Promise<string> {
    return this.call(
      (done) => this.client.getSchema(new messages.GetSchemaRequest().setVersion(version), done),
      (response: ProviderMessages.GetSchemaResponse) => response.getSchema(),
    );
  }

  /** check with a name that the engine proposes. */
  checkNamed(
    olds: Properties,
    news: Properties,
    proposedName: string,
    mode: "PROPOSE" | "ENFORCE" | "DISABLE",
    about: About = {},
  ): Promise<Checked> {
    const { AutonamingOptions } = messages.CheckRequest;
    const autonaming = new AutonamingOptions()
      .setProposedName(proposedName)
      .setMode(AutonamingOptions.Mode[mode]);
    const request = this.about(new messages.CheckRequest(), about)
      .setOlds(structOf(olds))
      .setNews(structOf(news))
      .setAutonaming(autonaming);
    return this.sendCheck(request);
  }

  checkConfig(news: Properties): Promise<Checked> {
    return this.call(
      (done) => this.client.checkConfig(new messages.CheckRequest().setNews(structOf(news)), done),
      (response: ProviderMessages.CheckResponse) => ({
        inputs: plainOf(response.getInputs()),
        failures: response
          .getFailuresList()
          .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
      }),
    );
  }

  diffConfig(oldInputs: Properties, news: Properties): Promise<{ diffs: string[]; replaces: string[] }> {
    const request = new messages.DiffRequest().setOldInputs(structOf(oldInputs)).setNews(structOf(news));
    return this.call(
      (done) => this.client.diffConfig(request, done),
      (response: ProviderMessages.DiffResponse) => ({
        diffs: response.getDiffsList(),
        replaces: response.getReplacesList(),
      }),
    );
  }

  invoke(token: string, args: Properties): Promise<Properties> {
    const request = new messages.InvokeRequest().setTok(token).setArgs(structOf(args));
    return this.call(
      (done) => this.client.invoke(request, done),
      (response: ProviderMessages.InvokeResponse) => plainOf(response.getReturn()),
    );
  }

  /** The answers of List, in the order in which they came. */
  async list(query: Properties, options: ListOptions = {}): Promise<Listed> {
    const request = new messages.ListRequest()
      .setToken(options.type ?? clusterType)
      .setQuery(structOf(query))
      .setLimit(options.limit ?? 0)
      .setPageSize(options.pageSize ?? 0)
      .setContinuationToken(options.token ?? "");
    const listed: Listed = { clusters: [], isComputed: false };
    try {
      for await (const answer of this.client.list(request)) {
        const response = answer as ProviderMessages.ListResponse;
        const result = response.getResult();
        const continuation = response.getContinuation();
        if (result !== undefined) {
          listed.clusters.push({ id: result.getId(), name: result.getName() });
        } else if (continuation !== undefined) {
          listed.token = continuation.getContinuationToken();
        } else {
          listed.isComputed = response.hasComputed();
        }
      }
    } catch (error) {
      throw new ProviderError(error as ServiceError);
    }
    return listed;
  }

  cancel(): Promise<void> {
    return this.call(
      (done) => this.client.cancel(new Empty(), done),
      () => undefined,
    );
  }

  /** As `pulumi import` reads: an id, and nothing else. */
  import(id: string, about: About = {}): Promise<Resource> {
    return this.read(this.about(new messages.ReadRequest(), about).setId(id));
  }
}
