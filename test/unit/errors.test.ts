import { describe, expect, test } from "vitest";
import { readRegions } from "../../provider/account/regions.ts";
import { EcsClient } from "../../provider/ecs/client.ts";
import { errorCodes } from "../../provider/ecs/errorCodes.ts";
import type { EcsFailure } from "../../provider/ecs/errorCodes.ts";
import { type Attempts, EcsError, saysGone } from "../../provider/ecs/errors.ts";
import { errorsWithMeaning, networkErrors } from "./errorMeanings.ts";

const requestId = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";
const credentialSource = "the environment variables ALICLOUD_ACCESS_KEY and ALICLOUD_SECRET_KEY";

function ecsError(
  failure: Partial<EcsFailure> & Pick<EcsFailure, "code">,
  attempts: Attempts = {},
): EcsError {
  const call = { action: "CreateHpcCluster", regionId: "cn-hangzhou" };
  return new EcsError(
    { ...call, serviceMessage: "", status: 400, requestId, credentialSource, ...failure },
    attempts,
  );
}

/** What preview makes of an error of DescribeRegions. */
async function previewVerdict(error: Error): Promise<string> {
  const [verdict] = Object.keys(await readRegions(new EcsClient(() => Promise.reject(error)), "alicloud"));
  return verdict!;
}

describe("a documented code", () => {
  test.each(errorsWithMeaning)("$action: $status $code", async (documented) => {
    const { code, status, message: serviceMessage, hasAdvice = true } = documented;
    const error = ecsError({ code, status, serviceMessage, retryAfterMs: 1_500 });

    const { advice = "", property, refused } = error.meaning;
    expect(property).toBe(documented.property);
    expect(advice).toMatch(hasAdvice ? /^[A-Z].*\.$/s : /^$/);
    const sentences = [
      `${serviceMessage === "" ? "The service gave no message" : serviceMessage.replace(/\.$/, "")}.`,
      ...(hasAdvice ? [advice.replace("{action}", "CreateHpcCluster")] : []),
      ...(documented.namesCredentials ? [`The credentials came from ${credentialSource}.`] : []),
    ];
    expect(error.message).toBe(
      `CreateHpcCluster in cn-hangzhou: ${code}: ${sentences.join(" ")} (HTTP ${status}, request ${requestId}, attempt 1)`,
    );

    expect(error.meaning.transient).toBe(documented.transient);
    expect(error.meaning.throttled).toBe(documented.throttled);
    // The status alone never means that a cluster does not exist.
    for (const other of [status, 404, 403, 410, undefined]) {
      expect(saysGone(ecsError({ code, status: other }))).toBe(documented.gone ?? false);
    }
    expect(refused === "ids").toBe(documented.aboutIds ?? false);
    expect(await previewVerdict(error)).toBe(documented.failsPreview ? "failure" : "warning");
  });

  test("is every row of the table", () => {
    const codes = errorsWithMeaning.map(({ code }) => code);
    expect(codes).toEqual(expect.arrayContaining(Object.keys(errorCodes)));
  });
});

describe("a failure without a readable answer", () => {
  test.each(networkErrors)("$code, transient: $transient", async ({ code, transient }) => {
    const error = ecsError({ code, status: undefined, requestId: undefined, transport: true });
    expect(error.meaning.transient ?? false).toBe(transient);
    expect(error.meaning.advice).toMatch(/^Check the network.*creates no second one\.$/);
    expect(ecsError({ code, action: "DeleteHpcCluster", transport: true }).meaning.advice).not.toContain(
      "created",
    );
    expect(error.message).not.toContain(credentialSource);
    expect(saysGone(error)).toBe(false);
    expect(await previewVerdict(error)).toBe("warning");
  });

  test.each([
    ["credentials that took too long", "CredentialsTimeout"],
    ["other calls that took too long", "QueueTimeout"],
  ])("because of %s is final: nothing was sent, and preview goes on", async (_, code) => {
    const error = ecsError({ code, status: undefined, transport: true });
    expect(error.meaning.transient).toBeUndefined();
    expect(error.meaning.advice).toContain("alicloud:maxRetryTimeout");
    expect(error.message).not.toContain("not known whether");
    expect(await previewVerdict(error)).toBe("warning");
  });

  test("is transient with any status: the page may be a proxy's", () => {
    const error = ecsError({ code: "UnreadableAnswer", status: 404, transport: true });
    expect(error.meaning.transient).toBe(true);
  });
});

describe("any other code", () => {
  test.each([400, 403, 404, 429, undefined])("with status %s is final", (status) => {
    for (const code of ["SomethingNew", "NotFound", "InvalidHpcClusterId.NotFound", "constructor"]) {
      const error = ecsError({ code, status });
      expect(error.meaning.transient).toBeUndefined();
      expect(saysGone(error)).toBe(false);
      expect(error.meaning.property).toBeUndefined();
    }
  });

  test.each([500, 502, 503, 504])("with status %i is transient, a documented one too", (status) => {
    for (const code of ["SomethingNew", "Invalid.Parameter", "MissingParameter"]) {
      expect(ecsError({ code, status }).meaning).toMatchObject({ transient: true });
    }
  });
});

describe("the message", () => {
  test("leaves out what is not known", () => {
    const error = ecsError({
      code: "SomethingNew",
      serviceMessage: "No idea.",
      status: undefined,
      requestId: undefined,
    });
    expect(error.message).toBe("CreateHpcCluster in cn-hangzhou: SomethingNew: No idea. (attempt 1)");
    expect(error.stack).toContain(error.message);
  });

  test("names configuration keys as the host does, and what the service says as it is", () => {
    const failure = { code: "Throttling.User", serviceMessage: "{region} alicloud:region" };
    const { message } = ecsError(failure, { namespace: "alicloud-hpc" });
    expect(message).toContain("raise alicloud-hpc:maxRetryTimeout.");
    expect(message).toContain("{region} alicloud:region.");
  });

  test.each([
    [" Denied ", "Denied."],
    ["Denied! ", "Denied!"],
    ["Denied? Yes", "Denied? Yes."],
    ["不可用。", "不可用。"],
    ["x".repeat(1_000), `${"x".repeat(1_000)}.`],
    ["x".repeat(1_001), `${"x".repeat(1_000)}….`],
    ["  ", "The service gave no message."],
  ])("ends what the service says as a sentence, and cuts it after 1,000 characters: %j", (says, expected) => {
    const { message } = ecsError({ code: "SomethingNew", serviceMessage: says });
    expect(message).toContain(`: SomethingNew: ${expected} (`);
  });

  test("names the source of credentials only in errors about them", () => {
    const credentialSource = "the profile work";
    const named = "The credentials came from the profile work.";
    expect(ecsError({ code: "Forbidden.RAM", credentialSource }).message).toContain(named);
    expect(ecsError({ code: "Invalid.Parameter", credentialSource }).message).not.toContain(named);
    const unknown = { code: "Forbidden.RAM", credentialSource: undefined };
    expect(ecsError(unknown).message).not.toContain("The credentials came from");
  });

  test("counts the attempts and their time", () => {
    const failure = { code: "Throttling.User", serviceMessage: "Denied." };
    const once = ecsError(failure);
    const after = ecsError(failure, { count: 5, elapsedMs: 12_340 });
    expect(after.message).toBe(once.message.replace("attempt 1", "5 attempts over 12.3 s"));
    expect([once.attempts, after.attempts]).toEqual([1, 5]);
  });

  test.each([
    ["RegionId", "regionId"],
    ["Name", "name"],
    ["Description", "description"],
    ["ClientToken", "clientToken"],
    ["HpcClusterId", "id"],
  ])("of MissingParameter is about the parameter that it names: %s", (parameter, property) => {
    const serviceMessage = `The input parameter ${parameter} that is mandatory for processing this request is not supplied.`;
    const { meaning } = ecsError({ code: "MissingParameter", serviceMessage });
    expect(meaning).toEqual({ property, advice: `Give \`${property}\` a value.` });
  });
});

test.each(["MissingParameter.Name.Other", "MissingParameter.Tag", "NotMissingName", "Missing.Name"])(
  "%s is about no property",
  (code) => {
    const { property, advice } = ecsError({ code, serviceMessage: "" }).meaning;
    expect(property).toBeUndefined();
    expect(advice).toBe(
      code.startsWith("Missing")
        ? "The request did not arrive complete; a proxy may have changed it."
        : undefined,
    );
  },
);

test("only an EcsError can say that a cluster does not exist", () => {
  const code = "NotExists.HpcCluster";
  for (const other of [undefined, null, code, { code }, Object.assign(new Error("gone"), { code })]) {
    expect(saysGone(other)).toBe(false);
  }
});

test("missing credentials fail the preview", async () => {
  expect(await previewVerdict(new Error("No credentials were found."))).toBe("failure");
});
