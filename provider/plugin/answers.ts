/** The errors and the composed answers of the gRPC service. */
import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import * as rpc from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import type { CheckFailure } from "../cluster/rules.ts";
import { InitializationError } from "../cluster/state.ts";
import type { Redact } from "../cluster/secretValues.ts";
import { messageOf, shortened } from "../ecs/errors.ts";
import { sentProperties } from "./propertyValues.ts";
import { storedOutputs, type PropertyDifference } from "./resource.ts";

const { DiffChanges } = rpc.DiffResponse;
const { Kind } = rpc.PropertyDiff;

/** In characters: an answer with a longer header would end the connection, and all calls with it. */
const LONGEST_MESSAGE = 4_000;

/** A request that the engine should not have sent. */
export class RequestError extends Error {}

/** @param secretNames the properties that the state stores as secrets */
export function serviceError(
  error: unknown,
  redact: Redact,
  secretNames: ReadonlySet<string>,
): Partial<ServiceError> {
  const details = shortened(redact(messageOf(error)), LONGEST_MESSAGE);
  if (!(error instanceof InitializationError)) {
    return { code: error instanceof RequestError ? status.INVALID_ARGUMENT : status.UNKNOWN, details };
  }
  // The cluster exists, and stays in the state.
  const { state } = error;
  const failed = new rpc.ErrorResourceInitFailed()
    .setId(state.hpcClusterId)
    .setProperties(sentProperties(storedOutputs(state), secretNames))
    .setReasonsList([details]);
  const packed = new Any();
  packed.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const metadata = new Metadata();
  const answer = new Status().setCode(status.UNKNOWN).setMessage(details).setDetailsList([packed]);
  metadata.set("grpc-status-details-bin", Buffer.from(answer.serializeBinary()));
  return { code: status.UNKNOWN, details, metadata };
}

export function diffResponse(differences: readonly PropertyDifference[]): rpc.DiffResponse {
  const replaces = differences.filter((difference) => difference.replaces);
  const response = new rpc.DiffResponse()
    .setChanges(differences.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE)
    .setDiffsList(differences.map(({ property }) => property))
    .setReplacesList(replaces.map(({ property }) => property))
    // A cluster that still contains instances cannot be deleted, and then nothing new has been created yet. Always: the
    // program's replaceOnChanges may make a replacement of an update. (`pulumi up --replace` does not ask the provider.)
    .setDeletebeforereplace(true)
    .setHasdetaileddiff(true);
  for (const { property, kind, replaces: isReplacement } of differences) {
    const kinds = isReplacement
      ? { add: Kind.ADD_REPLACE, delete: Kind.DELETE_REPLACE, update: Kind.UPDATE_REPLACE }
      : { add: Kind.ADD, delete: Kind.DELETE, update: Kind.UPDATE };
    response.getDetaileddiffMap().set(property, new rpc.PropertyDiff().setKind(kinds[kind]));
  }
  return response;
}

export function failureMessage({ property, reason }: CheckFailure): rpc.CheckFailure {
  return new rpc.CheckFailure().setProperty(property).setReason(reason);
}
