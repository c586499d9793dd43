/**
 * A provider process inside this one: the host's own server, with a memory, a clock, random numbers and a process id of its own. The
 * messages are those of gRPC, in bytes, but no socket carries them. The requests to the service are HTTP, one at a time.
 */
import crypto from "node:crypto";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import * as esbuild from "esbuild";
import {
  messages,
  ProviderProcess,
  structOf,
  type Properties,
  type Resource,
} from "../../rpc/servedProvider.ts";
import type { Simulation } from "./simulation.ts";

const require = createRequire(import.meta.url);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const dynamicServer = path.join(root, "node_modules/@pulumi/pulumi/cmd/dynamic-provider/index.js");

/** The names that a process finds around its code. */
const SURROUNDINGS = [
  ...["require", "module", "exports", "__filename", "__dirname"],
  ...["process", "console", "performance", "Math", "Date"],
] as const;
type Surroundings = Record<(typeof SURROUNDINGS)[number], unknown>;
type Code = (...surroundings: unknown[]) => void;

function compile(text: string, filename: string): Code {
  const parameters = SURROUNDINGS.join(", ");
  return vm.runInThisContext(`(function (${parameters}) {${text}\n})`, { filename }) as Code;
}

function run(code: Code, surroundings: Surroundings): unknown {
  code(...SURROUNDINGS.map((name) => surroundings[name]));
  return (surroundings.module as { exports: unknown }).exports;
}

/** The package's own modules, and pop-core, whose signatures contain the time. Each is loaded on first use. */
const entry = `
  exports.plugin = () => require("./plugin/server");
  exports.lifecycle = () => require("./dynamic/lifecycle");
  exports.tokenSaltLifecycle = () => require("./dynamic/tokenSaltLifecycle");
  exports.program = () => ({ dynamic: require("./index"), plugin: require("./plugin") });
`;
interface Package {
  plugin(): { serve(args: readonly string[]): void };
  lifecycle(): object;
  tokenSaltLifecycle(): object;
  program(): {
    dynamic: typeof import("pulumi-alicloud-hpc");
    plugin: typeof import("pulumi-alicloud-hpc/plugin");
  };
}

const packageCode = compile(
  esbuild.buildSync({
    stdin: { contents: entry, resolveDir: path.join(root, "provider"), loader: "js" },
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node22",
    external: [
      "@pulumi/*",
      "@grpc/*",
      "google-protobuf",
      "@alicloud/credentials",
      "fast-xml-parser",
      "fastest-levenshtein",
    ],
    logLevel: "silent",
  }).outputFiles[0]!.text,
  path.join(root, "provider/bundle.js"),
);
const dynamicServerCode = compile(readFileSync(dynamicServer, "utf8"), dynamicServer);

/** The program's side of the package, for programs in this process. */
export const program = (
  run(packageCode, {
    require,
    ...newModule(),
    __filename: path.join(root, "provider/bundle.js"),
    __dirname: path.join(root, "provider"),
    ...{ process, console, performance, Math, Date },
  }) as Package
).program();

function newModule(): { module: { exports: object }; exports: object } {
  const module = { exports: {} };
  return { module, exports: module.exports };
}

/** A module, some of whose exports are others. */
function withOthers<T extends object>(module: T, others: Readonly<Record<string, unknown>>): T {
  return new Proxy(module, {
    get: (target, name) =>
      typeof name === "string" && name in others ? others[name] : Reflect.get(target, name),
  });
}

type Method = (
  call: { request: unknown; metadata: grpc.Metadata },
  callback: (error: Partial<grpc.ServiceError> | null | undefined, response?: unknown) => void,
) => unknown;

/** What a host has registered with its gRPC server. */
class InProcessServer {
  definition: ServiceDefinition = {};
  implementation: Record<string, Method> = {};

  addService(definition: ServiceDefinition, implementation: object): void {
    this.definition = definition;
    this.implementation = implementation as Record<string, Method>;
  }

  bindAsync(_address: string, _credentials: unknown, callback: (error: null, port: number) => void): void {
    callback(null, 1);
  }

  tryShutdown(callback: () => void): void {
    callback();
  }
}

/** How a process is started. */
interface HostProcessOptions {
  simulation: Simulation;
  host: "dynamic" | "plugin";
  /** What only the processes of one run have in common. */
  engineAddress: string;
  /** The user's Pulumi folder, for the run's notes. */
  pulumiHome: string;
  /** The processes that live, by id. */
  living: Set<number>;
  /** What the service was asked last. */
  lastRequest: () => { action: string; committed: boolean };
  /** Hears what the process shows to the user. */
  print: (text: string) => void;
}

/** Ids that no process of this machine has. */
let lastPid = 2 ** 23;

/** A provider's process, driven as the engine drives it. */
export class HostProcess extends ProviderProcess {
  private isAlive = true;
  private readonly server = new InProcessServer();
  private readonly ownPid = (lastPid += 1);
  private readonly events = new EventEmitter();
  private readonly agents = new Set<http.Agent>();
  private readonly options: HostProcessOptions;
  private readonly waiting = new Set<(error: Partial<grpc.ServiceError>) => void>();

  constructor(options: HostProcessOptions) {
    super(
      { process: new EventEmitter() as never, port: 1, output: { stdout: "", stderr: "" } },
      options.host,
      {},
    );
    this.options = options;
    // No socket: see `call` of the server below.
    this.client.close();
    Object.assign(this, { client: this.inProcessClient() });
    options.living.add(this.ownPid);
    this.start();
  }

  configure(args: Properties, id: string, urn: string): Promise<void> {
    const request = new messages.ConfigureRequest().setArgs(structOf(args)).setId(id).setUrn(urn);
    return this.call(
      (done) => this.client.configure(request, done),
      () => undefined,
    );
  }

  /** As `pulumi import` and the option `import` read. */
  importExisting(id: string, urn: string): Promise<Resource> {
    return this.read(this.about(new messages.ReadRequest(), { urn }).setId(id));
  }

  /** The end of the run: the engine cancels every provider, and then ends its process. */
  end(): void {
    if (this.isAlive) {
      this.client.cancel(
        new (require("google-protobuf/google/protobuf/empty_pb.js") as { Empty: new () => never }).Empty(),
        () => undefined,
      );
      this.events.emit("SIGINT");
      this.events.emit("exit");
      this.die();
    }
  }

  /** SIGKILL: it calls nothing any more, none of its calls returns, and it removes no notes. */
  kill(): void {
    this.die();
    for (const fail of this.waiting) {
      fail({ code: grpc.status.UNAVAILABLE, details: "the provider process has ended" });
    }
  }

  private die(): void {
    this.isAlive = false;
    this.options.living.delete(this.ownPid);
    for (const agent of this.agents) {
      agent.destroy();
    }
  }

  private start(): void {
    const surroundings = this.surroundings();
    const ownPackage = run(
      packageCode,
      surroundings("provider/bundle.js", (name) => this.load(name)),
    ) as Package;
    if (this.options.host === "plugin") {
      ownPackage.plugin().serve([this.options.engineAddress]);
      return;
    }
    const fromServer = createRequire(dynamicServer);
    const modules: Record<string, unknown> = {
      "source-map-support/register": {},
      // As the SDK loads the text that is stored with every resource: in the program's folder.
      "require-from-string": (text: string) => {
        const module = newModule();
        const loader = (name: string) => {
          const subpath = name.replace("pulumi-alicloud-hpc/", "") as "lifecycle" | "tokenSaltLifecycle";
          return ownPackage[subpath]();
        };
        run(compile(text, "provider.js"), { ...surroundings("provider.js", loader), ...module });
        return module.module.exports;
      },
    };
    run(
      dynamicServerCode,
      surroundings(
        path.relative(root, dynamicServer),
        (name) => modules[name] ?? this.load(name, fromServer),
      ),
    );
  }

  private surroundings(): (file: string, loader: (name: string) => unknown) => Surroundings {
    const { simulation, print } = this.options;
    const epoch = SIMULATED_EPOCH;
    const write = (...texts: unknown[]) => this.isAlive && print(texts.join(" "));
    const nowDate = () => epoch + simulation.now;
    const SimulatedDate = new Proxy(Date, {
      construct: (target, [given = nowDate()]: [number?]) => new target(given),
      get: (target, name) => (name === "now" ? nowDate : (Reflect.get(target, name) as unknown)),
    });
    const shared = {
      process: this.process_(),
      console: { ...console, log: () => undefined, warn: write, error: write },
      performance: { now: () => simulation.now },
      Math: Object.create(Math, { random: { value: simulation.random } }) as Math,
      Date: SimulatedDate,
    };
    return (file, loader) => ({
      // The HTTP library that pop-core has brought along keeps quiet already: only its place is looked for.
      require: Object.assign((name: string) => loader(name), { resolve: require.resolve }),
      ...newModule(),
      __filename: path.join(root, file),
      __dirname: path.dirname(path.join(root, file)),
      ...shared,
    });
  }

  private process_(): object {
    const { engineAddress, pulumiHome, living } = this.options;
    const { events } = this;
    const own = {
      pid: this.ownPid,
      argv: [process.execPath, "provider", engineAddress],
      env: { PULUMI_HOME: pulumiHome, HOME: pulumiHome },
      exitCode: 0,
      stdout: { write: () => true },
      on: events.on.bind(events),
      once: events.once.bind(events),
      listenerCount: events.listenerCount.bind(events),
      exit: () => undefined,
      kill: (pid: number) => {
        if (!living.has(pid)) {
          throw Object.assign(new Error("ESRCH"), { code: "ESRCH" });
        }
      },
    };
    return withOthers(Object.create(process) as object, own);
  }

  private load(name: string, from: NodeJS.Require = require): unknown {
    const { simulation } = this.options;
    const isAlive = () => this.isAlive;
    const { server } = this;
    switch (name.replace(/^node:/, "")) {
      case "crypto":
        return withOthers(crypto, {
          randomUUID: () => uuidOf(simulation.random),
          randomBytes: (count: number) => bytesOf(count, simulation.random),
        });
      case "timers/promises":
        return {
          setTimeout: (ms: number, _value: unknown, options?: { signal?: AbortSignal }) =>
            simulation.sleep(ms, isAlive, options?.signal),
        };
      case "http":
        return withOthers(http, { Agent: this.agentClass() });
      case "@grpc/grpc-js":
        return withOthers(grpc, {
          Server: function Server() {
            return server;
          },
        });
      case "@pulumi/pulumi/proto/engine_grpc_pb":
        return { EngineClient: this.engineClient() };
      default:
        return from(name) as unknown;
    }
  }

  /** Sends one request at a time, when its turn comes. */
  private agentClass(): typeof http.Agent {
    const { simulation, lastRequest } = this.options;
    const { agents } = this;
    const isAlive = () => this.isAlive;
    return class TurnAgent extends http.Agent {
      constructor(options?: http.AgentOptions) {
        super(options);
        agents.add(this);
      }

      addRequest(request: http.ClientRequest, ...rest: unknown[]): void {
        const add = (http.Agent.prototype as unknown as { addRequest: (...args: unknown[]) => void })
          .addRequest;
        simulation.enqueue("request", isAlive, async () => {
          const closed = new Promise((resolve) => request.once("close", resolve));
          holdResponse(request, isAlive, async () => {
            const { action, committed } = lastRequest();
            await (committed ? simulation.point(`${action}: committed`) : undefined);
          });
          add.call(this, request, ...rest);
          await closed;
          await simulation.point(`${lastRequest().action}: answered`);
        });
      }
    };
  }

  /** The engine, as the plugin calls it. */
  private engineClient(): object {
    const { print } = this.options;
    return class {
      log(request: { getMessage(): string; getEphemeral(): boolean }, done: (error: null) => void): void {
        if (!request.getEphemeral()) {
          print(request.getMessage());
        }
        done(null);
      }
      getChannel(): object {
        return { getConnectivityState: () => 2, watchConnectivityState: () => undefined };
      }
    };
  }

  private inProcessClient(): object {
    return new Proxy(
      {},
      {
        get: (_, method: string) => (request: object, done: (error: unknown, response?: unknown) => void) => {
          this.serve(method, request, done);
        },
      },
    );
  }

  private serve(name: string, request: object, done: (error: unknown, response?: unknown) => void): void {
    if (name === "close") {
      return;
    }
    const { definition, implementation } = this.server;
    const method = definition[name] as MethodDefinition<unknown, unknown>;
    const finish = (error: Partial<grpc.ServiceError> | null | undefined, response?: unknown) => {
      if (!this.waiting.delete(finish)) {
        return;
      }
      if (error) {
        const details = error.details ?? error.message ?? "";
        const metadata = error.metadata ?? new grpc.Metadata();
        done(
          Object.assign(new Error(details), { code: error.code ?? grpc.status.UNKNOWN, details, metadata }),
        );
      } else {
        done(null, method.responseDeserialize(method.responseSerialize(response)));
      }
    };
    this.waiting.add(finish);
    if (!this.isAlive) {
      finish({ code: grpc.status.UNAVAILABLE, details: "the provider process has ended" });
      return;
    }
    const received = method.requestDeserialize(method.requestSerialize(request));
    void implementation[name]!({ request: received, metadata: new grpc.Metadata() }, (error, response) => {
      if (this.isAlive) {
        finish(error, response);
      }
    });
  }
}

/** The time at the beginning of every simulation, milliseconds since 1970. */
export const SIMULATED_EPOCH = Date.UTC(2026, 0, 1);

/** Calls back before the caller receives the response. */
function holdResponse(
  request: http.ClientRequest,
  isAlive: () => boolean,
  before: () => Promise<void>,
): void {
  const emit = request.emit.bind(request);
  request.emit = (event: string, ...args: unknown[]) => {
    if (event !== "response") {
      return emit(event, ...args);
    }
    void before().then(() => isAlive() && emit(event, ...args));
    return true;
  };
}

function bytesOf(count: number, random: () => number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));
}

/** A random UUID. */
export function uuidOf(random: () => number): string {
  const hex = bytesOf(16, random).toString("hex");
  return [8, 12, 16, 20, 32].map((end, at) => hex.slice([0, 8, 12, 16, 20][at], end)).join("-");
}
