/**
 * Prints what the engine is sent for resources of this package, and for the same resources declared with the SDK's own
 * `dynamic.Resource`. It runs in a consumer's folder, with the SDK that is installed there, against a resource monitor of its own.
 */
import { createRequire } from "node:module";
import path from "node:path";
import type * as grpcJs from "@grpc/grpc-js";
import type * as EmptyMessage from "google-protobuf/google/protobuf/empty_pb.js";
import type * as StructMessage from "google-protobuf/google/protobuf/struct_pb.js";
import type * as Pulumi from "@pulumi/pulumi";
import type * as MonitorService from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import type * as MonitorMessages from "@pulumi/pulumi/proto/resource_pb.js";
import type * as Package from "pulumi-alicloud-hpc";

/** A request as its fields, the inputs as plain values. */
export type Registration = Readonly<Record<string, unknown>>;

/** What both have sent, in the same order. */
export interface Registrations {
  own: Registration[];
  sdk: Registration[];
}

const require = createRequire(path.resolve("index.js"));
const pulumi = require("@pulumi/pulumi") as typeof Pulumi;
const { HpcCluster } = require("pulumi-alicloud-hpc") as typeof Package;
const messages = require("@pulumi/pulumi/proto/resource_pb.js") as typeof MonitorMessages;
const { ResourceMonitorService } =
  require("@pulumi/pulumi/proto/resource_grpc_pb.js") as typeof MonitorService;
// The SDK's own copies: with pnpm the program sees none.
const requireOfSdk = createRequire(require.resolve("@pulumi/pulumi"));
const grpc = requireOfSdk("@grpc/grpc-js") as typeof grpcJs;
const { Empty } = requireOfSdk("google-protobuf/google/protobuf/empty_pb.js") as typeof EmptyMessage;
const { Struct } = requireOfSdk("google-protobuf/google/protobuf/struct_pb.js") as typeof StructMessage;

const dynamicType = /^pulumi-nodejs:dynamic\/(?<module>\w+):(?<type>\w+)$/;

/** The inputs, which follow as plain values, and the place in the program, which differs. */
const leftOut: readonly string[] = ["object", "properties", "sourceposition", "stacktrace"];

type Request = MonitorMessages.RegisterResourceRequest | MonitorMessages.ReadResourceRequest;

function registrationOf(request: Request): Registration {
  const inputs = "getObject" in request ? request.getObject() : request.getProperties();
  const { __provider, ...others } = inputs?.toJavaScript() ?? {};
  const fields = Object.entries(request.toObject()).filter(([name]) => !leftOut.includes(name));
  return { ...Object.fromEntries(fields), inputs: { ...others, __provider: typeof __provider } };
}

/** Runs a program to its end, and returns what it has sent about dynamic resources, sorted by name. */
async function sentFor(program: () => void): Promise<Registration[]> {
  const sent = new Map<string, Registration>();
  const note = (request: Request) => {
    if (dynamicType.test(request.getType())) {
      sent.set(request.getName(), registrationOf(request));
    }
  };
  const server = new grpc.Server();
  server.addService(ResourceMonitorService, {
    supportsFeature: (_call: unknown, answer: grpcJs.sendUnaryData<unknown>) => {
      const response = new messages.SupportsFeatureResponse();
      response.setHassupport(true);
      answer(null, response);
    },
    registerResource: (
      { request }: { request: MonitorMessages.RegisterResourceRequest },
      answer: grpcJs.sendUnaryData<unknown>,
    ) => {
      note(request);
      const response = new messages.RegisterResourceResponse();
      response.setUrn(`urn:pulumi:dev::infra::${request.getType()}::${request.getName()}`);
      response.setId(request.getCustom() ? `id-of-${request.getName()}` : "");
      const isSalt = request.getType().endsWith(":ClientTokenSalt");
      response.setObject(isSalt ? Struct.fromJavaScript({ value: "salt" }) : request.getObject());
      answer(null, response);
    },
    readResource: (
      { request }: { request: MonitorMessages.ReadResourceRequest },
      answer: grpcJs.sendUnaryData<unknown>,
    ) => {
      note(request);
      const response = new messages.ReadResourceResponse();
      response.setUrn(`urn:pulumi:dev::infra::${request.getType()}::${request.getName()}`);
      response.setProperties(request.getProperties());
      answer(null, response);
    },
    registerResourceOutputs: (_call: unknown, answer: grpcJs.sendUnaryData<unknown>) => {
      answer(null, new Empty());
    },
    signalAndWaitForShutdown: (_call: unknown, answer: grpcJs.sendUnaryData<unknown>) => {
      answer(null, new Empty());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) {
        resolve(bound);
      } else {
        reject(error);
      }
    });
  });
  try {
    const settings = require("@pulumi/pulumi/runtime/settings.js") as {
      resetOptions(...options: (string | number | boolean)[]): void;
    };
    settings.resetOptions("infra", "dev", 16, "", `127.0.0.1:${port}`, false, "organization");
    await pulumi.runtime.runInPulumiStack(async () => program());
    await pulumi.runtime.disconnect();
  } finally {
    server.forceShutdown();
  }
  return [...sent].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, registration]) => registration);
}

/** What the package has passed to the SDK, by the resource's name. */
const declared = new Map<string, Pulumi.ResourceTransformationArgs>();

const own = await sentFor(() => {
  pulumi.runtime.registerStackTransformation((args) => {
    if (dynamicType.test(args.type)) {
      declared.set(args.name, { ...args, props: { ...args.props }, opts: { ...args.opts } });
    }
    return undefined;
  });
  new HpcCluster("plain", { name: "render-farm" });
  const description = pulumi.secret("Nightly frames");
  const args = { name: "farm", description, clientToken: "token", regionId: "cn-beijing" };
  new HpcCluster("everything", args, {
    protect: true,
    retainOnDelete: true,
    deleteBeforeReplace: false,
    ignoreChanges: ["description"],
    aliases: [{ name: "old-name" }],
    customTimeouts: { create: "1m" },
  });
  HpcCluster.get("read", "hpc-1", { regionId: "cn-beijing" });
});

class SdkResource extends pulumi.dynamic.Resource {}

const sdk = await sentFor(() => {
  const provider: Pulumi.dynamic.ResourceProvider = { create: async () => ({ id: "id" }) };
  for (const { type, name, props, opts } of declared.values()) {
    const { module, type: kind } = dynamicType.exec(type)!.groups!;
    const inputs = Object.fromEntries(
      Object.entries(props as object).filter(([key]) => key !== "__provider"),
    );
    const others = { ...opts, parent: undefined, transformations: undefined };
    new SdkResource(provider, name, inputs, others, module, kind);
  }
});

console.log(JSON.stringify({ own, sdk } satisfies Registrations));
