/** A process that serves `pulumirpc.ResourceProvider`, driven over gRPC as the engine drives it. */
import type { ChildProcessByStdio } from "node:child_process";
import { createRequire } from "node:module";
import type { Readable } from "node:stream";
import grpc from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type * as ProviderMessages from "@pulumi/pulumi/proto/provider_pb.js";
import type * as ProviderService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as StatusMessages from "@pulumi/pulumi/proto/status_pb.js";

// Generated CommonJS, whose exports Node cannot see from outside.
const require = createRequire(import.meta.url);
export const messages = require("@pulumi/pulumi/proto/provider_pb.js") as typeof ProviderMessages;
const { ResourceProviderClient } =
  require("@pulumi/pulumi/proto/provider_grpc_pb.js") as typeof ProviderService;
const { Status } = require("@pulumi/pulumi/proto/status_pb.js") as typeof StatusMessages;
const { Struct: StructMessage } = require("google-protobuf/google/protobuf/struct_pb.js") as {
  Struct: typeof Struct;
};

export type Client = ProviderService.ResourceProviderClient;

/** How the engine sends an unknown value. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** How the engine sends a secret value. */
export const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

/** Inputs, outputs or configuration, as they travel. */
export type Properties = Readonly<Record<string, unknown>>;

/** What the engine says beside the properties. */
export interface About {
  /** The resource's name in the program. Default: `rendering`. */
  name?: string;
  /** Default: one of this name. */
  urn?: string;
  preview?: boolean;
  /** Seconds, of `customTimeouts`. */
  timeout?: number;
}

/** The result of check. */
export interface Checked {
  inputs: Properties;
  failures: { property: string; reason: string }[];
}

/** The result of diff. */
export interface Differences {
  changes: boolean | undefined;
  replaces: string[];
  /** The kind of each difference, e.g. `UPDATE`. Dynamic providers send none. */
  details: Record<string, string>;
  deleteBeforeReplace: boolean;
}

/** The result of create and read. */
export interface Resource {
  id: string;
  properties: Properties;
  inputs: Properties | undefined;
}

/** The error of a call, as the engine receives it. */
export class ProviderError extends Error {
  readonly code: number;
  /** Of a resource that exists: the engine keeps it in the state. */
  readonly initFailure: { id: string; properties: Properties; reasons: string[] } | undefined;

  constructor(error: ServiceError) {
    super(error.details);
    this.name = "ProviderError";
    this.code = error.code;
    const [packed] = error.metadata.get("grpc-status-details-bin");
    if (packed === undefined || typeof packed === "string") {
      return;
    }
    const details = Status.deserializeBinary(packed).getDetailsList();
    const failed = details.find((any) => any.getTypeName() === "pulumirpc.ErrorResourceInitFailed");
    if (failed === undefined) {
      return;
    }
    const message = messages.ErrorResourceInitFailed.deserializeBinary(failed.getValue_asU8());
    this.initFailure = {
      id: message.getId(),
      properties: plainOf(message.getProperties()),
      reasons: message.getReasonsList(),
    };
  }
}

/** A started process, and the port that it has printed. */
export interface Started {
  process: ChildProcessByStdio<null, Readable, Readable>;
  port: number;
  /** What it has printed so far. */
  output: { stdout: string; stderr: string };
}

/** Resolves once the process has printed its port. */
export function portOf(child: Started["process"]): Promise<Started> {
  const output = { stdout: "", stderr: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  return new Promise((resolve, reject) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
      const line = /^(\d+)\n/.exec(output.stdout)?.[1];
      if (line !== undefined) {
        resolve({ process: child, port: Number(line), output });
      }
    });
    child.once("error", reject);
    child.once("exit", (status) =>
      reject(new Error(`The provider ended with ${status}: ${output.stdout}${output.stderr}`)),
    );
  });
}

/** A provider's process, and a client to it. */
export class ProviderProcess {
  readonly port: number;
  readonly output: Started["output"];
  readonly client: Client;
  /** Resolves to the exit code, or the signal that has ended the process. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** What the engine finds in all properties of a resource, because the program has put it there. */
  readonly added: Properties;
  private readonly process: Started["process"];
  private readonly type: string;
  private readonly answers: string[] = [];

  /** @param type the type of the resources */
  protected constructor(started: Started, type: string, added: Properties) {
    this.type = type;
    this.added = added;
    this.process = started.process;
    this.port = started.port;
    this.output = started.output;
    this.client = new ResourceProviderClient(`127.0.0.1:${this.port}`, grpc.credentials.createInsecure());
    this.ended = new Promise((resolve) =>
      this.process.once("exit", (code, signal) => resolve(code ?? signal)),
    );
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Everything that the process has written and returned, with the details of errors. */
  get transcript(): string {
    return [this.output.stdout, this.output.stderr, ...this.answers].join("\n");
  }

  urnOf(name = "rendering"): string {
    return `urn:pulumi:dev::renderer::${this.type}::${name}`;
  }

  /** `olds` are the stored inputs; none for a new resource and for a replacement. */
  check(olds: Properties, news: Properties, about: About = {}): Promise<Checked> {
    const request = this.about(new messages.CheckRequest(), about)
      .setOlds(structOf(olds))
      .setNews(this.withAdded(news));
    return this.sendCheck(request);
  }

  protected sendCheck(request: ProviderMessages.CheckRequest): Promise<Checked> {
    return this.call(
      (done) => this.client.check(request, done),
      (response: ProviderMessages.CheckResponse) => ({
        inputs: plainOf(response.getInputs()),
        failures: response
          .getFailuresList()
          .map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() })),
      }),
    );
  }

  /** `olds` are the stored outputs. */
  diff(id: string, olds: Properties, news: Properties, about: About = {}): Promise<Differences> {
    const request = this.about(new messages.DiffRequest(), about)
      .setId(id)
      .setOlds(this.withAdded(olds))
      .setNews(this.withAdded(news));
    return this.call(
      (done) => this.client.diff(request, done),
      (response: ProviderMessages.DiffResponse) => ({
        changes: [undefined, false, true][response.getChanges()],
        replaces: response.getReplacesList(),
        details: Object.fromEntries(
          response
            .getDetaileddiffMap()
            .getEntryList()
            .map(([property]) => [property, kindOf(response, property)]),
        ),
        deleteBeforeReplace: response.getDeletebeforereplace(),
      }),
    );
  }

  create(inputs: Properties, about: About = {}): Promise<Resource> {
    const request = this.about(new messages.CreateRequest(), about)
      .setProperties(this.withAdded(inputs))
      .setPreview(about.preview ?? false)
      .setTimeout(about.timeout ?? 0);
    return this.call(
      (done) => this.client.create(request, done),
      (response: ProviderMessages.CreateResponse) => ({
        id: response.getId(),
        properties: plainOf(response.getProperties()),
        inputs: undefined,
      }),
    );
  }

  /** As for a refresh: with the stored outputs and inputs. */
  refresh(id: string, outputs: Properties, inputs?: Properties, about: About = {}): Promise<Resource> {
    const request = this.about(new messages.ReadRequest(), about)
      .setId(id)
      .setProperties(this.withAdded(outputs))
      .setTimeout(about.timeout ?? 0);
    if (inputs !== undefined) {
      request.setInputs(this.withAdded(inputs));
    }
    return this.read(request);
  }

  /** As for `HpcCluster.get`: with the program's inputs alone. */
  get(id: string, inputs: Properties, about: About = {}): Promise<Resource> {
    return this.refresh(id, inputs, inputs, about);
  }

  update(id: string, olds: Properties, news: Properties, about: About = {}): Promise<Properties> {
    const request = this.about(new messages.UpdateRequest(), about)
      .setId(id)
      .setOlds(this.withAdded(olds))
      .setNews(this.withAdded(news))
      .setPreview(about.preview ?? false)
      .setTimeout(about.timeout ?? 0);
    return this.call(
      (done) => this.client.update(request, done),
      (response: ProviderMessages.UpdateResponse) => plainOf(response.getProperties()),
    );
  }

  delete(id: string, outputs: Properties, about: About = {}): Promise<void> {
    const request = this.about(new messages.DeleteRequest(), about)
      .setId(id)
      .setProperties(this.withAdded(outputs))
      .setTimeout(about.timeout ?? 0);
    return this.call(
      (done) => this.client.delete(request, done),
      () => undefined,
    );
  }

  /** @param signal what ends the process */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.client.close();
    this.process.kill(signal);
    await this.ended;
  }

  protected read(request: ProviderMessages.ReadRequest): Promise<Resource> {
    return this.call(
      (done) => this.client.read(request, done),
      (response: ProviderMessages.ReadResponse) => ({
        id: response.getId(),
        properties: plainOf(response.getProperties()),
        inputs: response.hasInputs() ? plainOf(response.getInputs()) : undefined,
      }),
    );
  }

  protected about<Request extends { setUrn(urn: string): Request }>(request: Request, about: About): Request {
    return request.setUrn(about.urn ?? this.urnOf(about.name));
  }

  protected withAdded(properties: Properties): Struct {
    return structOf({ ...properties, ...this.added });
  }

  protected call<Response, Result>(
    start: (done: (error: ServiceError | null, response: Response) => void) => void,
    resultOf: (response: Response) => Result,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      start((error, response) => {
        if (error !== null) {
          const failure = new ProviderError(error);
          this.answers.push(
            JSON.stringify({
              text: error.message,
              stack: error.stack,
              metadata: error.metadata.toJSON(),
              initFailure: failure.initFailure,
            }),
          );
          reject(failure);
          return;
        }
        try {
          const result = resultOf(response);
          this.answers.push(JSON.stringify(result ?? null));
          resolve(result);
        } catch (mistake) {
          reject(new Error("The answer could not be read.", { cause: mistake }));
        }
      });
    });
  }
}

function kindOf(response: ProviderMessages.DiffResponse, property: string): string {
  const kind = response.getDetaileddiffMap().get(property)?.getKind();
  return (
    Object.entries(messages.PropertyDiff.Kind).find(([, number]) => number === kind)?.[0] ?? String(kind)
  );
}

/** As the SDK sends values: fields that are undefined are dropped. */
export function structOf(properties: Properties): Struct {
  const sent = JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>;
  return StructMessage.fromJavaScript(sent);
}

export function plainOf(struct: Struct | undefined): Properties {
  return struct?.toJavaScript() ?? {};
}
