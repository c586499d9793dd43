import { describe, expect, test } from "vitest";
import { EcsError, isCredentialError, saysGone, type EcsFailure } from "../../provider/ecs/errors.ts";

const requestId = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";

function failed(failure: Partial<EcsFailure> & Pick<EcsFailure, "code">): EcsError {
  return new EcsError({
    action: "CreateHpcCluster",
    regionId: "cn-hangzhou",
    serviceMessage: "",
    status: 400,
    requestId,
    ...failure,
  });
}

/** Status, code, the service's message, and the property that it is about: the tables of the API reference. */
const create: [number, string, string, string | undefined][] = [
  [
    400,
    "MissingParameter",
    "The input parameter RegionId that is mandatory for processing this request is not supplied.",
    "regionId",
  ],
  [400, "InvalidHpcClusterName.Malformed", "Specified hpc cluster name is not valid.", "name"],
  [
    400,
    "InvalidHpcClusterDescription.Malformed",
    "The specified parameter Description is not valid.",
    "description",
  ],
  [404, "InvalidRegionId.NotFound", 'The specified parameter "RegionId" is not valid.', "regionId"],
  [404, "InternalError", "Failed to create hpc cluster", undefined],
  [400, "Invalid.Parameter", "Invalid parameters", undefined],
];
const others: [number, string, string, string | undefined][] = [
  [400, "MissingParameter.HpcClusterId", "", "id"],
  [400, "InvalidHpcClusterIds.ExceedLimit", "", undefined],
  [400, "InvalidHpcClusterIds.Malformed", "", "id"],
  [
    400,
    "InvalidModifyInfo",
    "Modify info is invalid, name/description must not null at the same time",
    undefined,
  ],
  [400, "HPC_CLUSTER_MODIFY_FAILED", "Modify failed, possibly this hpc cluster does not exist", "id"],
  [400, "HpcClusterNotExists", "The specified hpc cluster does not exist", "id"],
  [400, "MissingParameter.RegionId", "", "regionId"],
  [400, "NotExists.HpcCluster", "The specified hpc cluster does not exist.", "id"],
  [400, "NotEmpty.HpcCluster", "The specified hpc cluster is not empty, still contains instances.", "id"],
  [400, "IdempotentParameterMismatch", "", "clientToken"],
  [403, "IdempotentProcessing", "", "clientToken"],
];
const gateway: [number, string, string, string | undefined][] = [
  [400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.", undefined],
  [400, "IncompleteSignature", "", undefined],
  [400, "InvalidTimeStamp.Expired", "", undefined],
  [400, "InvalidTimeStamp.Format", "", undefined],
  [400, "SignatureNonceUsed", "", undefined],
  [404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.", undefined],
  [400, "InvalidAccessKeyId.Inactive", "", undefined],
  [400, "InvalidSecurityToken.Expired", "", undefined],
  [400, "InvalidSecurityToken.Malformed", "", undefined],
  [403, "Forbidden.RAM", "", undefined],
  [400, "MissingRegionId", "RegionId is mandatory for this action.", "regionId"],
  [400, "MissingSecurityToken", "SecurityToken is mandatory for this action.", undefined],
  [400, "MissingTimestamp", "Timestamp is mandatory for this action.", undefined],
  [400, "Throttling", "Request was denied due to request throttling.", undefined],
  [403, "Throttling.User", "", undefined],
  [429, "Throttling.Api", "", undefined],
  [503, "ServiceUnavailable", "", undefined],
  [500, "InternalError", "", undefined],
  [503, "SystemBusy", "", undefined],
];

describe("the message", () => {
  test("names action, region, code, the service's words, what to do, status, request and attempt", () => {
    const error = failed({
      code: "InvalidHpcClusterName.Malformed",
      serviceMessage: "Specified hpc cluster name is not valid.",
    });
    expect(error.advice).toMatch(/^Change `name`: .*\.$/);
    expect(error.message).toBe(
      "CreateHpcCluster in cn-hangzhou: InvalidHpcClusterName.Malformed: Specified hpc cluster name is not valid. " +
        `${error.advice} (HTTP 400, request ${requestId}, attempt 1)`,
    );
    expect(error.stack).toContain(error.message);
  });

  test("ends the service's words with a period where they have none, before the advice", () => {
    const error = failed({
      code: "InternalError",
      serviceMessage: "Failed to create hpc cluster",
      status: 404,
    });
    expect(error.message).toBe(
      `CreateHpcCluster in cn-hangzhou: InternalError: Failed to create hpc cluster. ${error.advice} ` +
        `(HTTP 404, request ${requestId}, attempt 1)`,
    );
  });

  test("leaves out what is not known", () => {
    const error = failed({
      action: "DeleteHpcCluster",
      code: "SomethingNew",
      serviceMessage: "No idea.",
      status: undefined,
      requestId: undefined,
    });
    expect(error.message).toBe("DeleteHpcCluster in cn-hangzhou: SomethingNew: No idea. (attempt 1)");
    expect(error.advice).toBeUndefined();
    expect(error.property).toBeUndefined();
  });

  test("has neither 'undefined' nor two spaces in a row where the service says nothing", () => {
    for (const [status, code] of [...create, ...others, ...gateway]) {
      const { message } = failed({ status, code, serviceMessage: "" });
      expect(message).not.toMatch(/undefined| {2}|\( |: \./);
    }
  });

  test("tells how many attempts there were, and over which time", () => {
    const once = failed({ code: "Throttling.User", serviceMessage: "Denied.", retryAfterMs: 700 });
    const after = once.after(5, 12_340);
    expect(after.message).toBe(once.message.replace("attempt 1", "5 attempts over 12.3 s"));
    expect(after.message).toMatch(/\(HTTP 400, request [^)]*, 5 attempts over 12\.3 s\)$/);
    expect(after.attempts).toBe(5);
    expect(once.attempts).toBe(1);
    expect(after).toBeInstanceOf(EcsError);
    expect(after).toMatchObject({
      code: "Throttling.User",
      status: 400,
      requestId,
      retryAfterMs: 700,
      action: "CreateHpcCluster",
      regionId: "cn-hangzhou",
    });
  });
});

describe("the explanation", () => {
  test.each(create)("CreateHpcCluster %i %s", (status, code, serviceMessage, property) => {
    const error = failed({ status, code, serviceMessage });
    expect(error.property).toBe(property);
    expect(error.advice).toMatch(/^[A-Z].*\.$/s);
    expect(error.message).toContain(error.advice);
  });

  test.each(others)("the other actions: %i %s", (status, code, serviceMessage, property) => {
    const error = failed({ action: "DeleteHpcCluster", status, code, serviceMessage });
    expect(error.property).toBe(property);
    expect(error.advice).toMatch(/^[A-Z].*\.$/s);
  });

  test.each(gateway)("gateway, account and load: %i %s", (status, code, serviceMessage, property) => {
    const error = failed({ status, code, serviceMessage });
    expect(error.property).toBe(property);
    expect(error.advice, "advice").toMatch(/^[A-Z].*\.$/s);
  });

  test("MissingParameter is about the parameter that its message names", () => {
    const about = (parameter: string) =>
      failed({
        code: "MissingParameter",
        serviceMessage: `The input parameter ${parameter} that is mandatory for processing this request is not supplied.`,
      }).property;
    expect(["RegionId", "Name", "Description", "ClientToken", "HpcClusterId"].map(about)).toEqual([
      "regionId",
      "name",
      "description",
      "clientToken",
      "id",
    ]);
  });

  test("any code with Throttling in it is explained as one", () => {
    for (const code of ["Throttling.Resource", "Throttling.Anything", "EcsThrottling"]) {
      expect(failed({ code }).advice).toMatch(/too many calls/i);
    }
  });

  test("a failure on the way says to check the way", () => {
    for (const code of ["ECONNRESET", "RequestTimeout", "UnreadableAnswer"]) {
      expect(failed({ code, status: undefined, requestId: undefined, transport: true }).advice).toMatch(
        /network/,
      );
    }
    expect(failed({ code: "ECONNRESET" }).transport).toBe(false);
    expect(failed({ code: "ECONNRESET", transport: true }).transport).toBe(true);
  });

  test("a code about credentials says where they came from, any other code does not", () => {
    const credentialSource = "the environment variables ALICLOUD_ACCESS_KEY and ALICLOUD_SECRET_KEY";
    for (const code of [
      "SignatureDoesNotMatch",
      "InvalidAccessKeyId.NotFound",
      "InvalidAccessKeyId.Inactive",
      "InvalidSecurityToken.Expired",
      "InvalidSecurityToken.Malformed",
      "Forbidden.RAM",
    ]) {
      const error = failed({ code, credentialSource });
      expect(error.message).toContain(credentialSource);
      expect(isCredentialError(error)).toBe(true);
    }
    for (const code of [
      "InvalidHpcClusterName.Malformed",
      "Throttling",
      "NotExists.HpcCluster",
      "InternalError",
    ]) {
      const error = failed({ code, credentialSource });
      expect(error.message).not.toContain(credentialSource);
      expect(isCredentialError(error)).toBe(false);
    }
  });
});

describe("saysGone", () => {
  test.each(["NotExists.HpcCluster", "HpcClusterNotExists", "HPC_CLUSTER_MODIFY_FAILED"])("%s", (code) => {
    for (const status of [400, 404, 403, undefined]) expect(saysGone(failed({ code, status }))).toBe(true);
  });

  test("no other documented code does, with whatever status", () => {
    const gone = new Set(["NotExists.HpcCluster", "HpcClusterNotExists", "HPC_CLUSTER_MODIFY_FAILED"]);
    for (const [, code] of [...create, ...others, ...gateway]) {
      if (gone.has(code)) continue;
      for (const status of [400, 404, 410]) expect(saysGone(failed({ code, status })), code).toBe(false);
    }
  });

  test("a bare 404 does not, nor does a code that only looks like one", () => {
    for (const code of [
      "UnreadableAnswer",
      "NotFound",
      "404",
      "InvalidHpcClusterId.NotFound",
      "notexists.hpccluster",
    ]) {
      expect(saysGone(failed({ code, status: 404 }))).toBe(false);
    }
  });

  test("nothing but an EcsError does", () => {
    for (const other of [
      undefined,
      null,
      "NotExists.HpcCluster",
      { code: "NotExists.HpcCluster" },
      Object.assign(new Error("gone"), { code: "NotExists.HpcCluster" }),
    ]) {
      expect(saysGone(other)).toBe(false);
    }
  });
});
