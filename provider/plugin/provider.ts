/**
 * The gRPC service `pulumirpc.ResourceProvider`: reads requests, calls the resource, the functions or the configuration, and
 * writes answers. It knows nothing of clusters.
 */
import type { sendUnaryData, ServerWritableStream } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { Message } from "google-protobuf";
import { PluginInfo, type PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { noRunNotes } from "../cluster/holders.ts";
import { runNotesInFiles } from "../cluster/runNotes.ts";
import { beginOperation } from "../cluster/operation.ts";
import { Session } from "../cluster/session.ts";
import { UNKNOWN } from "../cluster/properties.ts";
import { redactionOf, type Redact } from "../cluster/secretValues.ts";
import { cancelableClock } from "../ecs/clock.ts";
import { diffResponse, failureMessage, RequestError, serviceError } from "./answers.ts";
import { changedKeys, configurationFailures, SECRET_KEYS, settingsOf } from "./configuration.ts";
import { Engine } from "./engine.ts";
import { invoke } from "./functions.ts";
import { listClusters } from "./list.ts";
import { receivedProperties, sentProperties } from "./propertyValues.ts";
import * as resource from "./resource.ts";
import { pluginVersion, schemaText } from "./schema.ts";
import type { Autonaming } from "../cluster/autoname.ts";

const { Mode } = rpc.CheckRequest.AutonamingOptions;
const { DiffChanges } = rpc.DiffResponse;

type Handler<Q extends Message, R> = (call: { request: Q }, callback: sendUnaryData<R>) => void;

/** The provider of one process. The engine configures it once, and then calls it at the same time for many resources. */
export class Provider {
  private engine: Engine | undefined;
  private session: Session | undefined;
  private providerId: string | undefined;
  private readonly cancellation = new AbortController();
  private readonly running = new Set<Promise<unknown>>();

  /** @param engineAddress host and port of the engine's gRPC server, if the engine has started this process */
  constructor(engineAddress: string | undefined) {
    if (engineAddress !== undefined) {
      this.attachTo(engineAddress);
    }
  }

  /** Ends every wait. Resolves once no call is running any more. */
  async cancel(): Promise<void> {
    this.cancellation.abort();
    await Promise.allSettled(this.running);
  }

  /** The handlers of the service. grpc-js answers UNIMPLEMENTED to every other method. */
  handlers() {
    return {
      handshake: this.answer((request: rpc.ProviderHandshakeRequest) => {
        this.attachTo(request.getEngineAddress());
        return new rpc.ProviderHandshakeResponse()
          .setAcceptSecrets(true)
          .setSupportsAutonamingConfiguration(true);
      }),
      attach: this.answer((request: PluginAttach) => {
        this.attachTo(request.getAddress());
        return new Empty();
      }),
      // The engine warns of a plugin whose version is older than an SDK's.
      getPluginInfo: this.answer((_: Empty) => new PluginInfo().setVersion(pluginVersion())),
      getSchema: this.answer((request: rpc.GetSchemaRequest) => {
        if (request.getVersion() !== 0) {
          throw new Error(`There is no version ${request.getVersion()} of the schema language.`);
        }
        return new rpc.GetSchemaResponse().setSchema(schemaText());
      }),
      checkConfig: this.answer((request: rpc.CheckRequest) => {
        const { values, secretNames } = receivedProperties(request.getNews());
        return new rpc.CheckResponse()
          .setInputs(sentProperties(values, new Set([...secretNames, ...SECRET_KEYS])))
          .setFailuresList(configurationFailures(values, request.getUrn()).map(failureMessage));
      }),
      diffConfig: this.answer((request: rpc.DiffRequest) => {
        const olds = receivedProperties(request.getOldInputs() ?? request.getOlds());
        const changed = changedKeys(olds.values, receivedProperties(request.getNews()).values);
        // Never a replacement: it would replace every cluster of the provider.
        return new rpc.DiffResponse()
          .setChanges(changed.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE)
          .setDiffsList(changed);
      }),
      configure: this.answer((request: rpc.ConfigureRequest) => {
        const args = request.getArgs();
        if (args === undefined) {
          throw new RequestError("Configure: the request has no args; use Pulumi 3.216 or later.");
        }
        const warn = (text: string): void => {
          this.engine?.warn("", text);
        };
        this.session = new Session(settingsOf(receivedProperties(args).values, request.getUrn()), {
          clock: cancelableClock(this.cancellation.signal),
          notes: this.engine === undefined ? noRunNotes : runNotesInFiles(this.engine.address, warn),
          warn,
        });
        this.providerId = knownId(request.getId());
        return new rpc.ConfigureResponse()
          .setAcceptsecrets(true)
          .setSupportspreview(true)
          .setSupportsAutonamingConfiguration(true);
      }),
      invoke: this.answer(async (request: rpc.InvokeRequest) => {
        const { values } = receivedProperties(request.getArgs());
        const result = await invoke(beginOperation(this.configured()), request.getTok(), values);
        return new rpc.InvokeResponse().setReturn(sentProperties({ ...result }));
      }),
      list: this.stream(async (request: rpc.ListRequest): Promise<rpc.ListResponse[]> => {
        const { values } = receivedProperties(request.getQuery());
        const operation = beginOperation(this.configured());
        if (Object.values(values).includes(UNKNOWN)) {
          return [new rpc.ListResponse().setComputed(new rpc.ListResponse.Computed())];
        }
        const { clusters, continuationToken } = await listClusters(operation, request.getToken(), values, {
          limit: request.getLimit(),
          pageSize: request.getPageSize(),
          continuationToken: request.getContinuationToken(),
        });
        const { Result, Continuation } = rpc.ListResponse;
        const responses = clusters.map(({ id, name }) =>
          new rpc.ListResponse().setResult(new Result().setId(id).setName(name)),
        );
        if (continuationToken !== undefined) {
          const next = new Continuation().setContinuationToken(continuationToken);
          responses.push(new rpc.ListResponse().setContinuation(next));
        }
        return responses;
      }),
      check: this.answer(async (request: rpc.CheckRequest, redact) => {
        const news = receivedProperties(request.getNews());
        const { inputs, failures } = await resource.check(
          this.resourceCall(request, redact),
          receivedProperties(request.getOlds()).values,
          news.values,
          news.secretNames,
          autonamingOf(request.getAutonaming()),
        );
        return new rpc.CheckResponse()
          .setInputs(sentProperties(inputs, news.secretNames))
          .setFailuresList(
            failures.map(({ property, reason }) => failureMessage({ property, reason: redact(reason) })),
          );
      }),
      diff: this.answer(async (request: rpc.DiffRequest, redact) => {
        const differences = await resource.diff(
          this.resourceCall(request, redact),
          request.getId(),
          receivedProperties(request.getOlds()).values,
          receivedProperties(request.getNews()).values,
        );
        return diffResponse(differences);
      }),
      create: this.answer(async (request: rpc.CreateRequest, redact) => {
        const { values, secretNames } = receivedProperties(request.getProperties());
        const call = this.resourceCall(request, redact, request.getTimeout());
        if (request.getPreview()) {
          return new rpc.CreateResponse().setProperties(
            sentProperties(resource.createdInPreview(values), secretNames),
          );
        }
        const created = await resource.create(call, values, this.providerId);
        return new rpc.CreateResponse()
          .setId(created.hpcClusterId)
          .setProperties(sentProperties(resource.storedOutputs(created), secretNames));
      }),
      read: this.answer(async (request: rpc.ReadRequest, redact) => {
        const properties = receivedProperties(request.getProperties());
        const inputs = receivedProperties(request.getInputs());
        const secretNames = new Set([...properties.secretNames, ...inputs.secretNames]);
        const call = this.resourceCall(request, redact, request.getTimeout());
        // Only an import has neither: the inputs of `HpcCluster.get` are its arguments.
        const isImport = !request.hasInputs() && Object.keys(properties.values).length === 0;
        const found = isImport
          ? await resource.importExisting(call, request.getId())
          : await resource.read(call, request.getId(), properties.values, inputs.values);
        const response = new rpc.ReadResponse();
        // An answer without an id: there is no such cluster any more.
        return found === undefined
          ? response
          : response
              .setId(request.getId())
              .setProperties(sentProperties(found.outputs, secretNames))
              .setInputs(sentProperties(found.inputs, secretNames));
      }),
      update: this.answer(async (request: rpc.UpdateRequest, redact) => {
        const olds = receivedProperties(request.getOlds()).values;
        const { values, secretNames } = receivedProperties(request.getNews());
        const call = this.resourceCall(request, redact, request.getTimeout());
        const outputs = request.getPreview()
          ? resource.updatedInPreview(request.getId(), olds, values)
          : await resource.update(call, request.getId(), olds, values);
        return new rpc.UpdateResponse().setProperties(sentProperties(outputs, secretNames));
      }),
      delete: this.answer(async (request: rpc.DeleteRequest, redact) => {
        const call = this.resourceCall(request, redact, request.getTimeout());
        await resource.remove(call, request.getId(), receivedProperties(request.getProperties()).values);
        return new Empty();
      }),
      // Also ends every run that is not canceled, after its last call.
      cancel: this.answer((_: Empty) => {
        this.session?.sameNames.report();
        this.cancellation.abort();
        return new Empty();
      }),
    };
  }

  private attachTo(address: string): void {
    if (address === "" || this.engine?.address === address) {
      return;
    }
    this.engine = new Engine(address);
    this.engine.onEnd(() => {
      // A killed engine: nobody can record what would be created from now on.
      void this.cancel().then(() => process.exit(1));
    });
  }

  private configured(): Session {
    if (this.session === undefined) {
      throw new RequestError("The provider is not configured: the engine must call Configure first.");
    }
    return this.session;
  }

  /** @param timeoutS the resource's `customTimeouts` for this operation, in seconds; 0 if there is none */
  private resourceCall(request: { getUrn(): string }, redact: Redact, timeoutS = 0): resource.ResourceCall {
    const urn = request.getUrn();
    const [prefix = "", , types = "", ...name] = urn.split("::");
    if (!prefix.startsWith("urn:pulumi:") || name.length === 0) {
      throw new RequestError(
        `${JSON.stringify(urn)} is not a URN; the engine must send urn:pulumi:<stack>::<project>::<type>::<name>.`,
      );
    }
    const type = types.split("$").at(-1);
    if (type !== resource.RESOURCE_TYPE) {
      throw new RequestError(`There is no resource type ${type}; there is ${resource.RESOURCE_TYPE}.`);
    }
    const operation = beginOperation(this.configured(), {
      warn: (text) => this.engine?.warn(urn, redact(text)),
      onWait: (what) => this.engine?.status(urn, redact(what)),
      timeoutMs: timeoutS > 0 ? timeoutS * 1_000 : undefined,
    });
    return { operation, urn, resourceName: name.join("::") };
  }

  /** A handler that streams what `run` returns. */
  private stream<Q extends Message, R extends Message>(
    run: (request: Q) => Promise<R[]>,
  ): (call: ServerWritableStream<Q, R>) => void {
    const handler = this.answer(run);
    return (call) => {
      handler(call, (error, responses) => {
        if (error !== null) {
          call.emit("error", error);
          return;
        }
        responses?.forEach((response) => call.write(response));
        call.end();
      });
    };
  }

  /** A handler that answers what `run` returns, after the engine has got every message about it. */
  private answer<Q extends Message, R>(run: (request: Q, redact: Redact) => R | Promise<R>): Handler<Q, R> {
    return ({ request }, callback) => {
      const redact: Redact = (text) => redactionOf(secretsIn(request).values)(text);
      const answered = (async () => run(request, redact))()
        .then(
          async (response) => {
            await this.engine?.flush();
            callback(null, response);
          },
          async (error: unknown) => {
            await this.engine?.flush();
            callback(serviceError(error, redact, secretsIn(request).names));
          },
        )
        .finally(() => this.running.delete(answered));
      this.running.add(answered);
    };
  }
}

/** What a request marks as secret. Only a message and an error need it. */
function secretsIn(request: Message): { values: unknown[]; names: Set<string> } {
  const fields = [
    "getProperties",
    "getInputs",
    "getOldInputs",
    "getOlds",
    "getNews",
    "getArgs",
    "getQuery",
  ] as const;
  const getters = request as Partial<Record<(typeof fields)[number], () => unknown>>;
  const received = fields.flatMap((field) => {
    const struct = getters[field]?.();
    return struct instanceof Struct ? receivedProperties(struct) : [];
  });
  return {
    values: received.flatMap(({ secrets }) => secrets),
    names: new Set(received.flatMap(({ secretNames }) => [...secretNames])),
  };
}

function autonamingOf(options: rpc.CheckRequest.AutonamingOptions | undefined): Autonaming | undefined {
  if (options === undefined) {
    return undefined;
  }
  const modes = { [Mode.PROPOSE]: "propose", [Mode.ENFORCE]: "enforce", [Mode.DISABLE]: "disable" } as const;
  return { proposedName: options.getProposedName(), mode: modes[options.getMode()] };
}

/** The provider's id is unknown in the preview of a new stack, and missing before engine 3.154. */
function knownId(id: string | undefined): string | undefined {
  return id === undefined || id === "" || id === UNKNOWN ? undefined : id;
}
