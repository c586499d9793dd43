/** A plugin that does nothing, for floors.ts, which bundles it. The port on the first line is how the engine finds it. */
import { randomBytes } from "node:crypto";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import * as rpc from "@pulumi/pulumi/proto/provider_pb.js";

/** Answers a call of the engine. */
function answer<Request>(make: (request: Request) => unknown) {
  return ({ request }: ServerUnaryCall<Request, unknown>, done: sendUnaryData<unknown>): void =>
    done(null, make(request));
}

function checked(request: rpc.CheckRequest): rpc.CheckResponse {
  const response = new rpc.CheckResponse();
  response.setInputs(request.getNews());
  return response;
}

function unchanged(): rpc.DiffResponse {
  const response = new rpc.DiffResponse();
  response.setChanges(rpc.DiffResponse.DiffChanges.DIFF_NONE);
  return response;
}

const server = new Server();
server.addService(ResourceProviderService, {
  handshake: answer(() => new rpc.ProviderHandshakeResponse()),
  getPluginInfo: answer(() => {
    const info = new PluginInfo();
    info.setVersion("1.0.0");
    return info;
  }),
  checkConfig: answer(checked),
  diffConfig: answer(unchanged),
  configure: answer(() => {
    const response = new rpc.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setSupportspreview(true);
    response.setAcceptresources(true);
    response.setAcceptoutputs(true);
    return response;
  }),
  check: answer(checked),
  diff: answer(unchanged),
  create: answer((request: rpc.CreateRequest) => {
    const requestId = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";
    const outputs = { ...request.getProperties()?.toJavaScript(), requestId };
    const response = new rpc.CreateResponse();
    response.setId(request.getPreview() ? "" : `hpc-${randomBytes(8).toString("hex")}`);
    response.setProperties(Struct.fromJavaScript(outputs));
    return response;
  }),
  read: answer((request: rpc.ReadRequest) => {
    const response = new rpc.ReadResponse();
    response.setId(request.getId());
    response.setProperties(request.getProperties());
    response.setInputs(request.getInputs());
    return response;
  }),
  update: answer((request: rpc.UpdateRequest) => {
    const response = new rpc.UpdateResponse();
    response.setProperties(request.getNews());
    return response;
  }),
  delete: answer(() => new Empty()),
  cancel: answer(() => new Empty()),
});
process.on("SIGINT", () => process.exit(0));
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) {
    throw error;
  }
  process.stdout.write(`${port}\n`);
});
