/** A dynamic resource whose create asks a web server first, so that a test decides when, and whether, it goes on. */
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dynamic } from "@pulumi/pulumi";
import type { CustomResourceOptions, Input, Output } from "@pulumi/pulumi";

interface HeldInputs {
  name: string;
  /** What create fetches. */
  gate: string;
}

// Serialized by value: nothing here may refer to anything outside of its own function.
const provider: dynamic.ResourceProvider<HeldInputs, HeldInputs & Record<string, unknown>> = {
  check: async (_olds, news) =>
    news.name === "" ? { failures: [{ property: "name", reason: "must not be empty" }] } : { inputs: news },
  diff: async (_id, olds, news) => ({ changes: olds.name !== news.name }),
  create: async (inputs) => {
    const answer = await fetch(inputs.gate);
    const secret = process.env["ALICLOUD_SECRET_KEY"] ?? "none";
    const seen = { cwd: process.cwd(), node: process.version, secret };
    return { id: await answer.text(), outs: { ...inputs, ...seen } };
  },
  update: async (_id, _olds, news) => ({ outs: { ...news } }),
  delete: async () => undefined,
};

/** See the head of this file. */
export class HeldResource extends dynamic.Resource {
  declare readonly cwd: Output<string>;
  declare readonly node: Output<string>;
  declare readonly secret: Output<string>;

  constructor(
    name: string,
    args: { name: Input<string>; gate: Input<string> },
    opts?: CustomResourceOptions,
  ) {
    const outputs = { cwd: undefined, node: undefined, secret: undefined };
    super(provider, name, { ...args, ...outputs }, opts, "test", "HeldResource");
  }
}

/** The server that creates ask. Answers at once with `id-1`, `id-2`, …, unless it is closed. */
export class Gate implements AsyncDisposable {
  /** How many have asked. */
  asked = 0;
  private closed = false;
  private readonly server: Server;
  private arrived = (): void => undefined;

  private constructor() {
    this.server = createServer((_request, response) => {
      this.asked += 1;
      if (!this.closed) {
        response.end(`id-${this.asked}`);
      }
      this.arrived();
    });
  }

  /** Listens on a free port. */
  static async listen(): Promise<Gate> {
    const gate = new Gate();
    await new Promise<void>((resolve) => gate.server.listen(0, "127.0.0.1", resolve));
    return gate;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** From now on nobody gets an answer. Resolves when the next one has asked. */
  close(): Promise<void> {
    this.closed = true;
    return new Promise((resolve) => (this.arrived = resolve));
  }

  /** Answers again. Who has been waiting goes on waiting. */
  open(): void {
    this.closed = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
