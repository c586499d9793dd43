/**
 * A stand-in of the plugin of @pulumi/alicloud, which cannot be had where the tests run: the resource
 * `alicloud:ecs/hpcCluster:HpcCluster`, with the state and the calls of the service that the real one has been seen to make. It is a
 * process of its own that the engine starts, and imports nothing of this package.
 */
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import grpc from "@grpc/grpc-js";
import type { sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type * as EmptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import type { Message } from "google-protobuf";
import type * as PluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as ProviderMessages from "@pulumi/pulumi/proto/provider_pb.js";
import type * as ProviderService from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { type PopClient, popClient } from "../emulator/popClient.ts";

// Generated CommonJS, whose exports Node cannot see from outside.
const require = createRequire(import.meta.url);
const { Empty } = require("google-protobuf/google/protobuf/empty_pb.js") as typeof EmptyMessages;
const { Struct: StructMessage } = require("google-protobuf/google/protobuf/struct_pb.js") as {
  Struct: typeof Struct;
};
const { PluginInfo } = require("@pulumi/pulumi/proto/plugin_pb.js") as typeof PluginMessages;
const rpc = require("@pulumi/pulumi/proto/provider_pb.js") as typeof ProviderMessages;
const { ResourceProviderService } =
  require("@pulumi/pulumi/proto/provider_grpc_pb.js") as typeof ProviderService;

type Properties = Record<string, unknown>;
interface Cluster {
  HpcClusterId: string;
  Name: string;
  Description?: string;
}

/** The key that marks a secret on its way: sdk/go/common/resource/sig. */
const secretMark = "4dabf18193072939515e22adb298388d";

const updated = ["name", "description"] as const;
const { DiffChanges } = rpc.DiffResponse;
const { Kind } = rpc.PropertyDiff;

let service: { client: PopClient; region: string } | undefined;

async function call(action: string, parameters: Properties): Promise<Properties> {
  if (service === undefined) {
    throw new Error("the provider is not configured");
  }
  const { client, region } = service;
  return await client.request(action, { RegionId: region, ...parameters }, { method: "POST" });
}

async function describe(id: string): Promise<Cluster | undefined> {
  const answer = await call("DescribeHpcClusters", { HpcClusterIds: JSON.stringify([id]) });
  return (answer["HpcClusters"] as { HpcCluster: Cluster[] }).HpcCluster[0];
}

async function describeUntilShown(id: string): Promise<Cluster> {
  for (;;) {
    const cluster = await describe(id);
    if (cluster !== undefined) {
      return cluster;
    }
  }
}

/** An empty description is absent. */
function outputsOf({ HpcClusterId, Name, Description }: Cluster): Properties {
  return { id: HpcClusterId, name: Name, ...(Description ? { description: Description } : {}) };
}

/** The properties of a request, secrets as plain values. */
function plainOf(struct: Struct | undefined): Properties {
  const plain = (value: unknown): unknown =>
    typeof value === "object" && value !== null && secretMark in value
      ? (value as Properties)["value"]
      : value;
  return Object.fromEntries(
    Object.entries(struct?.toJavaScript() ?? {}).map(([key, value]) => [key, plain(value)]),
  );
}

function structOf(properties: Properties): Struct {
  return StructMessage.fromJavaScript(properties as Record<string, JavaScriptValue>);
}

const handlers = {
  getPluginInfo: answer(async () => new PluginInfo().setVersion("3.108.0")),
  checkConfig: answer(async (request: ProviderMessages.CheckRequest) =>
    new rpc.CheckResponse().setInputs(structOf(plainOf(request.getNews()))),
  ),
  diffConfig: answer(async () => new rpc.DiffResponse().setChanges(DiffChanges.DIFF_NONE)),
  configure: answer(async (request: ProviderMessages.ConfigureRequest) => {
    const { region, accessKey, secretKey, endpoints } = plainOf(request.getArgs()) as Record<string, string>;
    const [{ ecs }] = JSON.parse(endpoints!) as [{ ecs: string }];
    service = {
      region: region!,
      client: popClient({ endpoint: ecs, accessKeyId: accessKey!, accessKeySecret: secretKey! }),
    };
    return new rpc.ConfigureResponse();
  }),
  check: answer(async (request: ProviderMessages.CheckRequest) => {
    const olds = plainOf(request.getOlds());
    const news = plainOf(request.getNews());
    const defaults = news["name"] === undefined ? ["name"] : [];
    const resourceName = request.getUrn().split("::").at(-1)!;
    const name =
      news["name"] ?? olds["name"] ?? `${resourceName}-${randomBytes(4).toString("hex").slice(0, 7)}`;
    return new rpc.CheckResponse().setInputs(structOf({ __defaults: defaults, ...news, name }));
  }),
  diff: answer(async (request: ProviderMessages.DiffRequest) => {
    const olds = plainOf(request.getOlds());
    const news = plainOf(request.getNews());
    const changed = updated.filter((key) => (olds[key] ?? "") !== (news[key] ?? ""));
    const response = new rpc.DiffResponse()
      .setChanges(changed.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE)
      .setDiffsList(changed)
      .setHasdetaileddiff(true);
    for (const key of changed) {
      response.getDetaileddiffMap().set(key, new rpc.PropertyDiff().setKind(Kind.UPDATE));
    }
    return response;
  }),
  create: answer(async (request: ProviderMessages.CreateRequest) => {
    const { name, description } = plainOf(request.getProperties());
    const { HpcClusterId } = await call("CreateHpcCluster", {
      Name: name,
      ...(description === undefined ? {} : { Description: description }),
      ClientToken: randomBytes(16).toString("hex"),
    });
    const cluster = await describeUntilShown(HpcClusterId as string);
    return new rpc.CreateResponse().setId(cluster.HpcClusterId).setProperties(structOf(outputsOf(cluster)));
  }),
  read: answer(async (request: ProviderMessages.ReadRequest) => {
    const cluster = await describe(request.getId());
    const response = new rpc.ReadResponse();
    if (cluster === undefined) {
      return response;
    }
    const { id, ...inputs } = outputsOf(cluster);
    return response
      .setId(id as string)
      .setProperties(structOf({ id, ...inputs }))
      .setInputs(structOf({ __defaults: [], ...inputs }));
  }),
  update: answer(async (request: ProviderMessages.UpdateRequest) => {
    const { name, description = "" } = plainOf(request.getNews());
    await call("ModifyHpcClusterAttribute", {
      HpcClusterId: request.getId(),
      Name: name,
      Description: description,
    });
    const cluster = await describeUntilShown(request.getId());
    return new rpc.UpdateResponse().setProperties(structOf(outputsOf(cluster)));
  }),
  // Of a cluster that is gone it fails.
  delete: answer(async (request: ProviderMessages.DeleteRequest) => {
    await call("DeleteHpcCluster", { HpcClusterId: request.getId() });
    return new Empty();
  }),
  cancel: answer(async () => new Empty()),
};

function answer<Q extends Message, R extends Message>(run: (request: Q) => Promise<R>) {
  return ({ request }: ServerUnaryCall<Q, R>, callback: sendUnaryData<R>): void => {
    run(request).then(
      (response) => callback(null, response),
      (error: unknown) => callback({ code: grpc.status.UNKNOWN, details: (error as Error).message }),
    );
  };
}

const server = new grpc.Server();
server.addService(ResourceProviderService, handlers);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) {
    throw error;
  }
  process.stdout.write(`${port}\n`);
});
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => process.exit(0));
}
// A killed engine ends none of its plugins.
const engine = process.ppid;
setInterval(() => {
  if (process.ppid !== engine) {
    process.exit(0);
  }
}, 250).unref();
