/**
 * The installed package's provider module, loaded afresh: what one process of the provider is, without the second that
 * starting one takes. Its calls go through a relay of its own, so that it can be killed at any moment.
 */
import { readFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { type AddressInfo, type Server, type Socket, connect, createServer } from "node:net";
import path from "node:path";
import type { dynamic } from "@pulumi/pulumi";
import type * as ClientToken from "../../provider/clientToken.ts";
import type * as Lifecycle from "../../provider/lifecycle.ts";
import { repositoryRoot } from "../engine/engine.ts";

const require = createRequire(import.meta.url);
const dist = path.join(repositoryRoot, "node_modules/pulumi-alicloud-hpc/dist");
/** Those that remember what their process has done, or load one that does. The rest may be shared. */
const withMemory = ["lifecycle", "creation", "adoption", "regionCheck", "observation", "plainly"];

/** The key that the program's side gives to a cluster. */
export const tokenKeyOf: typeof ClientToken.tokenKeyOf = (salt, urn) =>
  (require(path.join(dist, "clientToken.js")) as typeof ClientToken).tokenKeyOf(salt, urn);

interface CompilingModule extends Module {
  _compile(text: string, file: string): void;
}

/** The module as the next process would have it. @param graceMs in place of the ten seconds for a cluster to show */
function loadAfresh(graceMs: number): typeof Lifecycle {
  const files = withMemory.map((name) => path.join(dist, `${name}.js`));
  const before = files.map((file) => require.cache[file]);
  for (const file of files) Reflect.deleteProperty(require.cache, file);
  try {
    return loadPatched(graceMs);
  } finally {
    // The SDK recognises a program's modules by finding them in this cache: the soak's runs on the engine need them there.
    for (const [at, file] of files.entries()) require.cache[file] = before[at];
  }
}

function loadPatched(graceMs: number): typeof Lifecycle {
  const file = path.join(dist, "observation.js");
  const text = readFileSync(file, "utf8");
  const patched = text.replace(/VISIBILITY_GRACE_MS = 10_?000;/, `VISIBILITY_GRACE_MS = ${graceMs};`);
  if (patched === text) throw new Error(`${file} has no VISIBILITY_GRACE_MS = 10_000`);
  const observation = new Module(file) as CompilingModule;
  observation.filename = file;
  observation.paths = [];
  require.cache[file] = observation;
  observation._compile(patched, file);
  observation.loaded = true;
  return require(path.join(dist, "lifecycle.js")) as typeof Lifecycle;
}

/** A process of the provider. */
export class ProviderInstance {
  readonly module: typeof Lifecycle;
  readonly #relay: Relay | undefined;

  private constructor(module: typeof Lifecycle, relay: Relay | undefined) {
    this.module = module;
    this.#relay = relay;
  }

  /** @param options.mortal whether `kill` is going to be called: only then a relay is needed */
  static async start(
    configuration: Readonly<Record<string, string>>,
    options: { endpoint: string; graceMs: number; mortal: boolean },
  ): Promise<ProviderInstance> {
    const relay = options.mortal ? await Relay.listen(Number(new URL(options.endpoint).port)) : undefined;
    const ecs = relay?.endpoint ?? options.endpoint;
    const values: Record<string, string> = {
      ...configuration,
      "alicloud:endpoints": JSON.stringify([{ ecs }]),
    };
    const module = loadAfresh(options.graceMs);
    const config = { get: (key: string) => values[key] } as dynamic.Config;
    await module.configure({ config });
    return new ProviderInstance(module, relay);
  }

  /** From now on nothing that it does reaches the service. */
  kill(): void {
    this.#relay?.cut();
  }

  /** To be called when nothing of it is under way any more: until then its port must not become somebody else's. */
  end(): void {
    this.#relay?.close();
  }
}

/** Passes bytes on, until it is cut. */
class Relay {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.once("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        // Its close follows, which is all that there is to know.
        one.on("error", () => one.destroy());
        one.pipe(other);
      }
      if (this.#isCut) near.destroy();
    });
  }

  static async listen(port: number): Promise<Relay> {
    const relay = new Relay(port);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}
