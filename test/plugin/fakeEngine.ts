/** The engine's side of a plugin: a gRPC server that takes its messages, as the terminal would show them. */
import { createRequire } from "node:module";
import grpc from "@grpc/grpc-js";
import type { sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import type * as EmptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import type * as EngineService from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type * as EngineMessages from "@pulumi/pulumi/proto/engine_pb.js";

const require = createRequire(import.meta.url);
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js") as typeof EmptyMessages;
const service = require("@pulumi/pulumi/proto/engine_grpc_pb.js") as typeof EngineService;
const { LogSeverity } = require("@pulumi/pulumi/proto/engine_pb.js") as typeof EngineMessages;

/** One message of the plugin. */
export interface Logged {
  urn: string;
  message: string;
  severity: "INFO" | "WARNING" | "OTHER";
  /** A status line. */
  ephemeral: boolean;
}

/** An engine that only listens. */
export class FakeEngine {
  readonly address: string;
  readonly logs: Logged[] = [];
  private readonly server: grpc.Server;
  private readonly waiting: { condition: (log: Logged) => boolean; resolve: (log: Logged) => void }[] = [];
  private held: (() => void)[] | undefined;

  private constructor(server: grpc.Server, address: string) {
    this.server = server;
    this.address = address;
  }

  static async start(): Promise<FakeEngine> {
    const server = new grpc.Server();
    let receive: FakeEngine["receive"] = () => undefined;
    server.addService(service.EngineService, {
      log: (
        { request }: ServerUnaryCall<EngineMessages.LogRequest, EmptyMessages.Empty>,
        callback: sendUnaryData<EmptyMessages.Empty>,
      ) => receive(request, () => callback(null, new Empty())),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const engine = new FakeEngine(server, `127.0.0.1:${port}`);
    receive = (request, confirm) => engine.receive(request, confirm);
    return engine;
  }

  /** The messages at a resource. */
  at(urn: string): Logged[] {
    return this.logs.filter((log) => log.urn === urn);
  }

  /** Resolves to the first message that matches, from now on or before. */
  async logged(condition: (log: Logged) => boolean): Promise<Logged> {
    return (
      this.logs.find(condition) ??
      (await new Promise<Logged>((resolve) => this.waiting.push({ condition, resolve })))
    );
  }

  /** From now on no message is confirmed, until the returned function is called. */
  holdConfirmations(): () => void {
    const held: (() => void)[] = [];
    this.held = held;
    return () => {
      this.held = undefined;
      for (const confirm of held) {
        confirm();
      }
    };
  }

  /** As a killed engine: closes all connections. */
  kill(): void {
    this.server.forceShutdown();
  }

  private receive(request: EngineMessages.LogRequest, confirm: () => void): void {
    const severity = request.getSeverity();
    const log: Logged = {
      urn: request.getUrn(),
      message: request.getMessage(),
      severity:
        severity === LogSeverity.WARNING ? "WARNING" : severity === LogSeverity.INFO ? "INFO" : "OTHER",
      ephemeral: request.getEphemeral(),
    };
    this.logs.push(log);
    for (const { condition, resolve } of this.waiting) {
      if (condition(log)) {
        resolve(log);
      }
    }
    if (this.held === undefined) {
      confirm();
    } else {
      this.held.push(confirm);
    }
  }
}
