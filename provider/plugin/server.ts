/** Serves the provider on a port of its own, and writes the port on the first line of standard output, as the engine expects. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { Provider } from "./provider.ts";
import { pluginVersion } from "./schema.ts";

/** As Pulumi's own servers: the state of a stack may be large. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/**
 * Serves the provider, or with `--version` only prints the plugin's version.
 *
 * @param args the arguments of the process: the engine's address comes last, after its flags
 */
export function serve(args: readonly string[]): void {
  if (args[0] === "--version") {
    process.stdout.write(`${pluginVersion()}\n`);
    return;
  }
  const address = args.findLast((arg) => /^[^-].*:\d+$/.test(arg));
  const provider = new Provider(address);
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(ResourceProviderService, provider.handlers());
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    // The engine ends every run with SIGINT. The answers of the last calls must arrive: they may be the ids of new clusters.
    process.on(signal, () => {
      void provider.cancel();
      server.tryShutdown(() => process.exit(0));
    });
  }
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error !== null) {
      throw error;
    }
    process.stdout.write(`${port}\n`);
  });
}
