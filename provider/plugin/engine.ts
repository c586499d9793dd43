import { connectivityState, credentials, type ServiceError } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { debuglog } from "node:util";

const debug = debuglog("alicloud-hpc");

/** The engine that has started this process. */
export class Engine {
  /** Host and port of its gRPC server. */
  readonly address: string;
  private readonly client: EngineClient;
  private readonly sending = new Set<Promise<void>>();

  constructor(address: string) {
    this.address = address;
    // The engine is on this machine, so the environment's proxy is not used.
    this.client = new EngineClient(address, credentials.createInsecure(), { "grpc.enable_http_proxy": 0 });
  }

  /** Shows a warning at a resource. */
  warn(urn: string, message: string): void {
    this.log(urn, message, LogSeverity.WARNING, false);
  }

  /** Shows what a resource is waiting for, until something else is shown. */
  status(urn: string, message: string): void {
    this.log(urn, message, LogSeverity.INFO, true);
  }

  /** Resolves once everything that has been logged has reached the engine. */
  async flush(): Promise<void> {
    await Promise.all(this.sending);
  }

  /** Calls back when the engine has ended, also if it was killed, or is gone already. */
  onEnd(callback: () => void): void {
    const channel = this.client.getChannel();
    const watch = (): void => {
      // Makes a new connection if there is none, or none any more: only that shows whether the engine lives.
      channel.watchConnectivityState(channel.getConnectivityState(true), Infinity, () => {
        if (channel.getConnectivityState(false) === connectivityState.TRANSIENT_FAILURE) {
          callback();
        } else {
          watch();
        }
      });
    };
    watch();
  }

  private log(urn: string, message: string, severity: LogSeverity, ephemeral: boolean): void {
    const request = new LogRequest();
    request.setUrn(urn);
    request.setMessage(message);
    request.setSeverity(severity);
    request.setEphemeral(ephemeral);
    const sent = new Promise<void>((resolve) => {
      this.client.log(request, (error: ServiceError | null) => {
        if (error !== null) {
          // The engine is gone, and with it everybody who could read the message.
          debug("the engine did not take a message: %s", error.message);
        }
        resolve();
      });
    });
    this.sending.add(sent);
    void sent.finally(() => this.sending.delete(sent));
  }
}
