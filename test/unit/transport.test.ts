import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import type { CredentialSource, Credentials } from "../../provider/ecs/credentials/credentialSource.ts";
import { EcsError } from "../../provider/ecs/errors.ts";
import { createTransport, type Send, type TransportOptions } from "../../provider/ecs/http/transport.ts";
import { stringToSignV1 } from "../../emulator/signature.ts";
import { json, plain, startAnswering, type Answerer, type AnsweringServer } from "./answeringServer.ts";

const requestId = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";
const keys = {
  accessKeyId: "LTAI5tExampleKeyOfTest",
  accessKeySecret: "ExampleSecretOfThisTest30chars",
  securityToken: "CAISexample/token+with=signs&more",
} satisfies Credentials;

/** Credentials that count how often they were asked for. */
class CountedCredentials implements CredentialSource {
  readonly source = "the keys of this test";
  readonly #answers: readonly Credentials[];
  asked = 0;
  constructor(answers: readonly Credentials[] = [keys]) {
    this.#answers = answers;
  }
  getCredentials(): Promise<Credentials> {
    const answer = this.#answers[Math.min(this.asked, this.#answers.length - 1)];
    this.asked += 1;
    return answer === undefined ? Promise.reject(new Error("none")) : Promise.resolve(answer);
  }
}

const servers: AnsweringServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function served(answer: Answerer): Promise<AnsweringServer> {
  const server = await startAnswering(answer);
  servers.push(server);
  return server;
}

function transportTo(endpoint: string, options: Partial<TransportOptions> = {}): Send {
  return createTransport({
    credentials: new CountedCredentials(),
    endpoint: { override: endpoint, protocol: "https" },
    connectTimeoutMs: 2_000,
    readTimeoutMs: 5_000,
    proxyEnv: {},
    maxSockets: 10,
    ...options,
  });
}

async function failureOf(promise: Promise<unknown>): Promise<EcsError> {
  const error: unknown = await promise.then(
    (answer) => expect.fail(`it should have failed, but answered ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EcsError);
  return error as EcsError;
}

async function failureWith(answer: Answerer, options: Partial<TransportOptions> = {}): Promise<EcsError> {
  const { endpoint } = await served(answer);
  return failureOf(transportTo(endpoint, options)("CreateHpcCluster", "cn-hangzhou", { Name: "ab" }));
}

describe("a request", () => {
  test("is one signed POST with the parameters that are defined, and returns the body", async () => {
    const server = await served((response) =>
      json(response, 200, { RequestId: requestId, HpcClusterId: "hpc-1" }),
    );
    const send = transportTo(server.endpoint);
    const answer = await send("CreateHpcCluster", "cn-hangzhou", {
      RegionId: "cn-hangzhou",
      Name: "夜 & 'x'!(*)",
      Description: undefined,
      PageSize: 100,
      Empty: "",
    });
    expect({ ...answer }).toEqual({ RequestId: requestId, HpcClusterId: "hpc-1" });
    expect(server.arrivals).toHaveLength(1);
    const [arrival] = server.arrivals;
    expect(arrival).toMatchObject({ method: "POST", url: "/" });
    expect(arrival?.form).toMatchObject({
      Action: "CreateHpcCluster",
      Version: "2014-05-26",
      Format: "JSON",
      RegionId: "cn-hangzhou",
      Name: "夜 & 'x'!(*)",
      PageSize: "100",
      Empty: "",
      AccessKeyId: keys.accessKeyId,
      SecurityToken: keys.securityToken,
    });
    expect(Object.keys(arrival?.form ?? {})).not.toContain("Description");
    expect(arrival?.form["Signature"]).toMatch(/^[A-Za-z0-9+/]{27}=$/);
  });

  test("has a nonce and a signature of its own each time", async () => {
    const server = await served((response) => json(response, 200, { RequestId: requestId }));
    const send = transportTo(server.endpoint);
    await Promise.all(Array.from({ length: 20 }, () => send("DescribeRegions", "cn-hangzhou", {})));
    const distinct = (key: string) => new Set(server.arrivals.map(({ form }) => form[key])).size;
    expect([distinct("SignatureNonce"), distinct("Signature")]).toEqual([20, 20]);
  });

  test("goes to the endpoint of its region, which is looked for as one host per region", async () => {
    const { endpoint } = await served((response) => json(response, 200, { RequestId: requestId }));
    const host = endpoint.replace("http://", "");
    const send = transportTo(host, { endpoint: { override: host, protocol: "http" } });
    await expect(send("DescribeRegions", "cn-hangzhou", {})).resolves.toMatchObject({ RequestId: requestId });
  });

  test("succeeds with an answer in XML", async () => {
    const { endpoint } = await served((response) =>
      plain(
        response,
        200,
        "text/xml",
        `<?xml version='1.0' encoding='UTF-8'?><CreateHpcClusterResponse><RequestId>${requestId}</RequestId><HpcClusterId>hpc-1</HpcClusterId></CreateHpcClusterResponse>`,
      ),
    );
    await expect(transportTo(endpoint)("CreateHpcCluster", "cn-hangzhou", {})).resolves.toEqual({
      RequestId: requestId,
      HpcClusterId: "hpc-1",
    });
  });

  test("is sent once, however it fails", async () => {
    const server = await served((response) =>
      json(response, 503, { Code: "ServiceUnavailable", Message: "x" }),
    );
    await failureOf(transportTo(server.endpoint)("CreateHpcCluster", "cn-hangzhou", {}));
    expect(server.arrivals).toHaveLength(1);
  });
});

describe("credentials", () => {
  test("are asked for at every request, so that a rotation is picked up", async () => {
    const server = await served((response) => json(response, 200, { RequestId: requestId }));
    const credentials = new CountedCredentials([
      keys,
      { accessKeyId: "LTAIsecond", accessKeySecret: "secret of the second" },
    ]);
    const send = transportTo(server.endpoint, { credentials });
    for (let call = 0; call < 3; call += 1) await send("DescribeRegions", "cn-hangzhou", {});
    expect(credentials.asked).toBe(3);
    expect(server.arrivals.map(({ form }) => form["AccessKeyId"])).toEqual([
      keys.accessKeyId,
      "LTAIsecond",
      "LTAIsecond",
    ]);
    expect(server.arrivals.map(({ form }) => form["SecurityToken"])).toEqual([
      keys.securityToken,
      undefined,
      undefined,
    ]);
  });

  test.each([
    ["no id", { accessKeyId: "", accessKeySecret: "secret" }],
    ["no secret", { accessKeyId: "LTAI", accessKeySecret: "" }],
    ["neither", { accessKeyId: "", accessKeySecret: "" }],
  ])("with %s are refused before anything is sent", async (_, empty) => {
    const server = await served((response) => json(response, 200, { RequestId: requestId }));
    const send = transportTo(server.endpoint, { credentials: new CountedCredentials([empty]) });
    await expect(send("DescribeRegions", "cn-hangzhou", {})).rejects.toThrow(/the keys of this test.*empty/);
    expect(server.connections).toBe(0);
  });

  test("that cannot be had fail the request in their own words, before anything is sent", async () => {
    const server = await served((response) => json(response, 200, { RequestId: requestId }));
    const failure = new Error("No credentials were found. Looked at: here.");
    const send = transportTo(server.endpoint, {
      credentials: { source: "nowhere", getCredentials: () => Promise.reject(failure) },
    });
    await expect(send("DescribeRegions", "cn-hangzhou", {})).rejects.toBe(failure);
    expect(server.connections).toBe(0);
  });
});

describe("a failure that the service tells", () => {
  test("keeps code, message, status, request id and the wish of how long to wait", async () => {
    const error = await failureWith((response) =>
      json(
        response,
        429,
        {
          RequestId: requestId,
          HostId: "ecs.aliyuncs.com",
          Code: "Throttling.User",
          Message: "Request was denied due to user flow control.",
          Recommend: "https://error-center.alibabacloud.com",
        },
        { "x-acs-retry-after": "1500" },
      ),
    );
    expect(error).toMatchObject({
      action: "CreateHpcCluster",
      regionId: "cn-hangzhou",
      code: "Throttling.User",
      serviceMessage: "Request was denied due to user flow control.",
      status: 429,
      requestId,
      retryAfterMs: 1500,
      transport: false,
    });
  });

  test.each([400, 403, 404, 500, 503])("in XML, HTTP %i", async (status) => {
    const error = await failureWith((response) =>
      plain(
        response,
        status,
        "text/xml;charset=utf-8",
        `<Error><RequestId>${requestId}</RequestId><HostId>h</HostId><Code>InvalidHpcClusterName.Malformed</Code><Message>Specified &lt;name&gt;.</Message></Error>`,
        { "x-acs-retry-after": "20" },
      ),
    );
    expect(error).toMatchObject({
      code: "InvalidHpcClusterName.Malformed",
      serviceMessage: "Specified <name>.",
      status,
      requestId,
      retryAfterMs: 20,
      transport: false,
    });
  });

  test("with a Code under HTTP 200 is a failure too, in JSON and in XML", async () => {
    const asJson = await failureWith((response) =>
      json(response, 200, { RequestId: requestId, Code: "InternalError", Message: "odd" }),
    );
    const asXml = await failureWith((response) =>
      plain(
        response,
        200,
        "text/xml",
        `<Error><RequestId>${requestId}</RequestId><Code>InternalError</Code></Error>`,
      ),
    );
    for (const error of [asJson, asXml])
      expect(error).toMatchObject({ code: "InternalError", status: 200, requestId });
  });

  test.each(["soon", "-5", "0", ""])("x-acs-retry-after %o is no wish", async (value) => {
    const error = await failureWith((response) =>
      json(
        response,
        400,
        { RequestId: requestId, Code: "Throttling", Message: "x" },
        { "x-acs-retry-after": value },
      ),
    );
    expect(error.retryAfterMs).toBeUndefined();
  });
});

describe("an answer that is not the service's", () => {
  test("a proxy's HTML page, HTTP 502", async () => {
    const error = await failureWith((response) =>
      plain(
        response,
        502,
        "text/html",
        "<html><head><title>502 Bad Gateway</title></head><body>…</body></html>",
      ),
    );
    expect(error).toMatchObject({ code: "UnreadableAnswer", status: 502, transport: true });
    expect(error.message).toContain("502 Bad Gateway");
    expect(error.message).not.toContain("<");
  });

  test("HTML under HTTP 200 (a log-in page)", async () => {
    const error = await failureWith((response) => plain(response, 200, "text/html", "<html>log in</html>"));
    expect(error).toMatchObject({ code: "UnreadableAnswer", status: 200, transport: true });
  });

  test("nothing, HTTP 503, with a wish of how long to wait", async () => {
    const error = await failureWith((response) =>
      response
        .writeHead(503, { "x-acs-retry-after": "700", "x-acs-request-id": requestId, "content-length": "0" })
        .end(),
    );
    expect(error).toMatchObject({
      code: "UnreadableAnswer",
      status: 503,
      retryAfterMs: 700,
      requestId,
      transport: true,
    });
    expect(error.message).toContain("empty");
  });

  test.each([500, 502, 404, 302])("JSON without a Code, HTTP %i", async (status) => {
    const error = await failureWith((response) =>
      json(response, status, { RequestId: requestId, Message: "Internal Server Error" }),
    );
    expect(error).toMatchObject({ code: "UnreadableAnswer", status, requestId, transport: true });
  });

  test.each(["null", '"text"', "7", "true", "[]", "[1]"])("JSON that is no object: %s", async (body) => {
    const error = await failureWith((response) => plain(response, 200, "application/json", body));
    expect(error).toMatchObject({ code: "UnreadableAnswer", status: 200, transport: true });
  });

  test("JSON that breaks off, and XML that breaks off", async () => {
    for (const body of ['{"RequestId":"R-1","HpcClus', "<CreateHpcClusterResponse><RequestId>R-1</Req"]) {
      const error = await failureWith((response) => plain(response, 200, "application/json", body));
      expect(error).toMatchObject({ code: "UnreadableAnswer", status: 200, transport: true });
    }
  });
});

describe("no answer", () => {
  test("the connection is reset", async () => {
    const error = await failureWith((response) => response.socket?.resetAndDestroy());
    expect(error).toMatchObject({ code: "ECONNRESET", status: undefined, transport: true });
    expect(error.message).toContain("127.0.0.1");
  });

  test("the connection ends in the middle of the answer", async () => {
    const error = await failureWith(
      (response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
        response.write('{"RequestId":', () => response.socket?.destroy());
      },
      { readTimeoutMs: 2_000 },
    );
    expect(error.transport).toBe(true);
    expect(error.code).not.toBe("RequestTimeout");
  });

  test("nobody listens", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve, reject) =>
      server.close((error) => (error ? reject(error) : resolve())),
    );
    const error = await failureOf(
      transportTo(`http://127.0.0.1:${port}`)("DescribeRegions", "cn-hangzhou", {}),
    );
    expect(error).toMatchObject({ code: "ECONNREFUSED", status: undefined, transport: true });
  });

  test("none within the configured read time-out", async () => {
    const before = performance.now();
    const error = await failureWith(() => undefined, { readTimeoutMs: 3_500, connectTimeoutMs: 60_000 });
    const took = performance.now() - before;
    expect(error).toMatchObject({ code: "RequestTimeout", status: undefined, transport: true });
    expect(error.message).toContain("3500 ms");
    // Neither pop-core's own 3 s, nor the same once more, nor the connect time-out.
    expect(took).toBeGreaterThan(3_490);
    expect(took).toBeLessThan(6_990);
  });

  test("one that drips in for ever", async () => {
    const timers: NodeJS.Timeout[] = [];
    const error = await failureWith(
      (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write("{");
        timers.push(setInterval(() => response.write(" "), 30));
      },
      { readTimeoutMs: 1_500, connectTimeoutMs: 1_000 },
    );
    timers.forEach((timer) => clearInterval(timer));
    expect(error).toMatchObject({ code: "RequestTimeout", status: 200, transport: true });
  });

  test("an answer slower than the connect time-out, but not than the read time-out, succeeds", async () => {
    const server = await served((response) => {
      setTimeout(() => json(response, 200, { RequestId: requestId }), 1_300);
    });
    const send = transportTo(server.endpoint, { connectTimeoutMs: 1_000, readTimeoutMs: 10_000 });
    await expect(send("DescribeRegions", "cn-hangzhou", {})).resolves.toMatchObject({ RequestId: requestId });
    // On a connection that is there already as well.
    await expect(send("DescribeRegions", "cn-hangzhou", {})).resolves.toMatchObject({ RequestId: requestId });
    expect(server.connections).toBe(1);
  });

  test("an answer that drips, but not for too long, succeeds", async () => {
    const { endpoint } = await served((response) => {
      const body = JSON.stringify({ RequestId: requestId });
      response.writeHead(200, { "content-type": "application/json", "content-length": String(body.length) });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(body.slice(sent, sent + 4));
        sent += 4;
        if (sent >= body.length) {
          clearInterval(timer);
          response.end();
        }
      }, 100);
    });
    const send = transportTo(endpoint, { connectTimeoutMs: 1_000, readTimeoutMs: 10_000 });
    await expect(send("DescribeRegions", "cn-hangzhou", {})).resolves.toMatchObject({ RequestId: requestId });
  });
});

describe("connections", () => {
  test("are no more than allowed, and are used again", async () => {
    const server = await served((response) =>
      setTimeout(() => json(response, 200, { RequestId: requestId }), 20),
    );
    const send = transportTo(server.endpoint, { maxSockets: 3 });
    await Promise.all(Array.from({ length: 30 }, () => send("DescribeRegions", "cn-hangzhou", {})));
    expect(server.arrivals).toHaveLength(30);
    expect(server.mostConnections).toBe(3);
    expect(server.connections).toBe(3);
  });

  test("waiting for one does not count as waiting for the answer", async () => {
    const server = await served((response) =>
      setTimeout(() => json(response, 200, { RequestId: requestId }), 400),
    );
    const send = transportTo(server.endpoint, {
      maxSockets: 1,
      readTimeoutMs: 1_800,
      connectTimeoutMs: 1_000,
    });
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => send("DescribeRegions", "cn-hangzhou", {})),
    );
    expect(answers).toHaveLength(6);
    expect(server.connections).toBe(1);
  });

  const halves: [string, Answerer][] = [
    ["never answered", () => undefined],
    ["answered by half", (response) => void response.writeHead(200, { "content-length": "9" }).write("{")],
  ];

  test.each(halves)("of a request that was %s are given back", async (_, first) => {
    const server = await served((response, arrival, number) => {
      if (number === 1) first(response, arrival, number);
      else json(response, 200, { RequestId: requestId });
    });
    const send = transportTo(server.endpoint, { maxSockets: 1, readTimeoutMs: 1_000 });
    const [lost, next] = await Promise.allSettled([
      send("DescribeRegions", "cn-hangzhou", {}),
      send("DescribeRegions", "cn-hangzhou", {}),
    ]);
    expect(lost).toMatchObject({ status: "rejected", reason: { code: "RequestTimeout" } });
    expect(next).toMatchObject({ status: "fulfilled", value: { RequestId: requestId } });
  });
});

describe("secrets", () => {
  /** Everywhere that an error's insides may come to light. */
  function written(error: Error): string[] {
    return [
      error.message,
      String(error),
      error.stack ?? "",
      JSON.stringify(error),
      JSON.stringify(error, Object.getOwnPropertyNames(error)),
      inspect(error, {
        showHidden: true,
        depth: Infinity,
        maxStringLength: Infinity,
        maxArrayLength: Infinity,
      }),
      inspect(error.cause, { showHidden: true, depth: Infinity }),
    ];
  }

  function expectNone(error: Error, form: Readonly<Record<string, string>>): void {
    const secrets = [keys.accessKeyId, keys.accessKeySecret, keys.securityToken, form["Signature"] ?? ""];
    // A nonce is one only beside its name: alone it is a number like any other.
    for (const text of written(error)) expect(text).not.toMatch(/Nonce\W{1,3}(3D|253D)?\W?[0-9a-f]{8}/i);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(10);
      const forms = [
        secret,
        encodeURIComponent(secret),
        encodeURIComponent(encodeURIComponent(secret)),
        Buffer.from(secret).toString("base64"),
      ];
      for (const text of written(error)) for (const form of forms) expect(text).not.toContain(form);
    }
  }

  const asJson =
    (message: (form: Readonly<Record<string, string>>, method: string) => string, status = 400): Answerer =>
    (response, { form, method }) =>
      json(response, status, {
        RequestId: requestId,
        HostId: "ecs.aliyuncs.com",
        Code: "SignatureDoesNotMatch",
        Message: message(form, method),
        Recommend: `https://error-center.alibabacloud.com/?AccessKeyId=${form["AccessKeyId"]}`,
      });

  const repeated = (form: Readonly<Record<string, string>>, method: string) =>
    "Specified signature is not matched with our calculation. server string to sign is:" +
    stringToSignV1(method, form);

  const repetitions: [string, Answerer][] = [
    ["SignatureDoesNotMatch in JSON, with the string to sign", asJson(repeated)],
    [
      "SignatureDoesNotMatch in XML, with the string to sign",
      (response, { form, method }) =>
        plain(
          response,
          400,
          "text/xml",
          `<Error><RequestId>${requestId}</RequestId><Code>SignatureDoesNotMatch</Code><Message>${repeated(form, method).replaceAll("&", "&amp;")}</Message></Error>`,
        ),
    ],
    [
      "the string to sign in other words",
      asJson((form, method) => `Expected another signature for ${stringToSignV1(method, form)}`),
    ],
    [
      "the string to sign, once decoded",
      asJson((form, method) => `Wrong: ${decodeURIComponent(stringToSignV1(method, form))}`),
    ],
    ["the whole form", asJson((form) => `Wrong: ${new URLSearchParams(form).toString()}`)],
    ["the whole form as JSON", asJson((form) => `Wrong: ${JSON.stringify(form)}`)],
    ["the values alone", asJson((form) => Object.values(form).join(" "))],
    [
      "a 500 without a Code",
      (response, { body }) => json(response, 500, { RequestId: requestId, Message: body }),
    ],
    [
      "a proxy's page",
      (response, { form, body }) =>
        plain(
          response,
          502,
          "text/html",
          `<html><title>${form["AccessKeyId"]} ${form["SignatureNonce"]}</title>${body}</html>`,
        ),
    ],
    ["nothing", (response) => response.socket?.resetAndDestroy()],
  ];

  test.each(repetitions)("an answer that repeats them: %s", async (_, answer) => {
    const server = await served(answer);
    const error = await failureOf(
      transportTo(server.endpoint)("CreateHpcCluster", "cn-hangzhou", { Name: "ab" }),
    );
    expectNone(error, server.arrivals[0]?.form ?? {});
    expectNone(error.after(3, 1_000), server.arrivals[0]?.form ?? {});
  });

  test("a time-out", async () => {
    const server = await served(() => undefined);
    const send = transportTo(server.endpoint, { readTimeoutMs: 200 });
    expectNone(await failureOf(send("CreateHpcCluster", "cn-hangzhou", {})), server.arrivals[0]?.form ?? {});
  });

  test("what is useful of the message stays", async () => {
    const error = await failureWith(asJson(repeated));
    expect(error).toMatchObject({ code: "SignatureDoesNotMatch", status: 400, requestId });
    expect(error.message).toContain("Specified signature is not matched with our calculation.");
    expect(error.message).toContain("The credentials came from the keys of this test.");
    const other = await failureWith((response) =>
      json(response, 400, {
        RequestId: requestId,
        Code: "Invalid.Parameter",
        Message: "Value a=b&c is wrong: 100%.",
      }),
    );
    expect(other.serviceMessage).toBe("Value a=b&c is wrong: 100%.");
  });
});
