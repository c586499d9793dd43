import { describe, expect, test } from "vitest";
import { EcsError, type EcsFailure } from "../../provider/ecs/errors.ts";
import { decideRetry } from "../../provider/ecs/retryDecision.ts";

function failed(failure: Partial<EcsFailure> & Pick<EcsFailure, "code">): EcsError {
  return new EcsError({
    action: "CreateHpcCluster",
    regionId: "cn-hangzhou",
    serviceMessage: "",
    status: 400,
    ...failure,
  });
}

/** Written down from reference/ecs-hpc-api.md: every documented code with its status, and whether it passes by itself. */
const documented = {
  passes: [
    [400, "Throttling"],
    [400, "Throttling.User"],
    [400, "Throttling.Api"],
    [403, "Throttling.User"],
    [429, "Throttling"],
    [429, "Throttling.Api.Something"],
    [503, "ServiceUnavailable"],
    [500, "InternalError"],
    // "Failed to create hpc cluster": the code counts, not its 404.
    [404, "InternalError"],
    [400, "SystemBusy"],
    [403, "IdempotentProcessing"],
    [500, "SomethingUnheardOf"],
    [502, "SomethingUnheardOf"],
    [504, "SomethingUnheardOf"],
  ],
  stays: [
    [400, "MissingParameter"],
    [400, "MissingParameter.RegionId"],
    [400, "MissingParameter.HpcClusterId"],
    [400, "InvalidHpcClusterName.Malformed"],
    [400, "InvalidHpcClusterDescription.Malformed"],
    [400, "InvalidRegionId.NotFound"],
    [404, "InvalidRegionId.NotFound"],
    [400, "Invalid.Parameter"],
    [400, "InvalidHpcClusterIds.ExceedLimit"],
    [400, "InvalidHpcClusterIds.Malformed"],
    [400, "InvalidModifyInfo"],
    [400, "HPC_CLUSTER_MODIFY_FAILED"],
    [400, "HpcClusterNotExists"],
    [400, "NotExists.HpcCluster"],
    [400, "NotEmpty.HpcCluster"],
    [400, "SignatureDoesNotMatch"],
    [400, "IncompleteSignature"],
    [400, "InvalidTimeStamp.Expired"],
    [400, "InvalidTimeStamp.Format"],
    [400, "SignatureNonceUsed"],
    [404, "InvalidAccessKeyId.NotFound"],
    [400, "InvalidAccessKeyId.Inactive"],
    [400, "InvalidSecurityToken.Expired"],
    [400, "InvalidSecurityToken.Malformed"],
    [403, "Forbidden.RAM"],
    [400, "MissingAccessKeyId"],
    [400, "IdempotentParameterMismatch"],
    [403, "IdempotentParameterMismatch"],
    [400, "InvalidHpcClusterId.Creating"],
    [400, "SomethingUnheardOf"],
    [404, "SomethingUnheardOf"],
    [429, "SomethingUnheardOf"],
  ],
} as const;

/** What the transport makes of a failure on the way. */
const onTheWay = {
  passes: [
    "RequestTimeout",
    "ConnectTimeout",
    "UnreadableAnswer",
    "ECONNRESET",
    "ECONNREFUSED",
    "ECONNABORTED",
    "EPIPE",
    "ETIMEDOUT",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ENETDOWN",
    "HPE_INVALID_CONSTANT",
    "HPE_INVALID_CONTENT_LENGTH",
  ],
  stays: [
    "ENOTFOUND",
    "CERT_HAS_EXPIRED",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "EPROTO",
    "ERR_INVALID_URL",
    "EACCES",
    "Anything",
  ],
} as const;

describe("an answer of the service", () => {
  test.each(documented.passes)("%i %s is worth another attempt", (status, code) => {
    expect(decideRetry(failed({ status, code }))).toMatchObject({
      retry: true,
      throttled: code.startsWith("Throttling"),
    });
  });

  test.each(documented.stays)("%i %s is final", (status, code) => {
    expect(decideRetry(failed({ status, code }))).toEqual({ retry: false });
  });

  test("without a status is judged by its code alone", () => {
    expect(decideRetry(failed({ code: "SystemBusy", status: undefined }))).toMatchObject({ retry: true });
    expect(decideRetry(failed({ code: "Invalid.Parameter", status: undefined }))).toEqual({ retry: false });
  });
});

describe("a failure on the way", () => {
  test.each(onTheWay.passes)("%s is worth another attempt", (code) => {
    expect(decideRetry(failed({ code, status: undefined, transport: true }))).toEqual({
      retry: true,
      throttled: false,
      atLeastMs: undefined,
    });
  });

  test.each(onTheWay.stays)("%s is final", (code) => {
    expect(decideRetry(failed({ code, status: undefined, transport: true }))).toEqual({ retry: false });
  });

  test("with a page of 4xx that is not the service's is worth another attempt, as the reference has it", () => {
    expect(decideRetry(failed({ code: "UnreadableAnswer", status: 404, transport: true }))).toMatchObject({
      retry: true,
    });
  });
});

test("the service's wish of how long to wait is passed on, whatever the code", () => {
  for (const code of ["Throttling.User", "ServiceUnavailable"]) {
    expect(decideRetry(failed({ code, retryAfterMs: 1_500 }))).toMatchObject({
      retry: true,
      atLeastMs: 1_500,
    });
  }
  expect(decideRetry(failed({ code: "Invalid.Parameter", retryAfterMs: 1_500 }))).toEqual({ retry: false });
});
