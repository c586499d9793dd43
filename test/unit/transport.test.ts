import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { inspect } from "node:util";
import { afterAll, describe, expect, test, vi } from "vitest";
import { CanceledError, cancelableClock, type Clock } from "../../provider/ecs/clock.ts";
import {
  credentialsBefore,
  type CredentialSource,
  type Credentials,
} from "../../provider/ecs/http/credentialSource.ts";
import { EcsError, FailedAttempt } from "../../provider/ecs/errors.ts";
import {
  createTransport,
  type Call,
  type Send,
  type TransportOptions,
} from "../../provider/ecs/http/transport.ts";
import { withRetry } from "../../provider/ecs/retry.ts";
import { stringToSignV1 } from "../../emulator/signature.ts";
import { runInChild } from "./childProcess.ts";
import { FakeClock } from "./fakeClock.ts";
import { failureOf } from "./failureOf.ts";
import { json, plain, startAnswering, type Answerer, type AnsweringServer } from "./answeringServer.ts";
import { unparsed } from "./requests.ts";

const requestId = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";
const keys = {
  accessKeyId: "LTAI5tExampleKeyOfTest",
  accessKeySecret: "ExampleSecretOfThisTest30chars",
  securityToken: "CAISexample/token+with=signs&more",
} satisfies Credentials;

const createCall: Call = { action: "CreateHpcCluster", regionId: "cn-hangzhou", parameters: { Name: "ab" } };
const regionsCall: Call = { action: "DescribeRegions", regionId: "cn-hangzhou", parameters: {} };

/** Counts how often the credentials are requested. */
class CountedCredentials implements CredentialSource {
  readonly description = "the keys of this test";
  requests = 0;

  private readonly answers: readonly Credentials[];

  constructor(answers: readonly Credentials[] = [keys]) {
    this.answers = answers;
  }

  load(): Promise<Credentials> {
    const answer = this.answers[Math.min(this.requests, this.answers.length - 1)];
    this.requests += 1;
    return answer === undefined ? Promise.reject(new Error("none")) : Promise.resolve(answer);
  }
}

const servers: AnsweringServer[] = [];
// The tests of a file may run at the same time, so all servers stay until the end.
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

async function served(answer: Answerer, host?: string): Promise<AnsweringServer> {
  const server = await startAnswering(answer, host);
  servers.push(server);
  return server;
}

/** The transport, whose errors have the text that they get after one attempt. */
function transportTo(endpoint: string, options: Partial<TransportOptions> = {}, clock?: Clock): Send {
  const send = bareTransportTo(endpoint, options, clock);
  return async (call) => {
    try {
      return await send(call);
    } catch (error) {
      throw error instanceof FailedAttempt
        ? Object.assign(new EcsError(error.failure), { retryAfterMs: error.failure.retryAfterMs })
        : error;
    }
  };
}

function bareTransportTo(endpoint: string, options: Partial<TransportOptions> = {}, clock?: Clock): Send {
  return createTransport(
    {
      credentials: new CountedCredentials(),
      endpoint: { override: endpoint, protocol: "https" },
      connectTimeoutMs: 2_000,
      readTimeoutMs: 5_000,
      proxyEnv: {},
      maxSockets: 10,
      ...options,
    },
    clock,
  );
}

function retrying(transport: Send, clock: Clock): Send {
  return unparsed(
    withRetry(transport, { maxRetryTimeoutMs: 60_000, maxInFlight: 20, namespace: "alicloud", clock }),
  );
}

async function failureWith(answer: Answerer, options: Partial<TransportOptions> = {}): Promise<EcsError> {
  const { endpoint } = await served(answer);
  return failureOf(transportTo(endpoint, options)(createCall), EcsError);
}

describe("a request", () => {
  test("is one signed POST with the defined parameters, and returns the body", async () => {
    const server = await served((response) =>
      json(response, 200, { RequestId: requestId, HpcClusterId: "hpc-1" }),
    );
    const send = transportTo(server.endpoint);
    const answer = await send({
      ...createCall,
      parameters: {
        RegionId: "cn-hangzhou",
        Name: "夜 & 'x'!(*)",
        Description: undefined,
        PageSize: 100,
        Empty: "",
      },
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

  test("has a new nonce and signature each time", async () => {
    const server = await served((response) => json(response, 200, { RequestId: requestId }));
    const send = transportTo(server.endpoint);
    await Promise.all(Array.from({ length: 20 }, () => send(regionsCall)));
    const distinct = (key: string) => new Set(server.arrivals.map(({ form }) => form[key])).size;
    expect([distinct("SignatureNonce"), distinct("Signature")]).toEqual([20, 20]);
  });

  test("goes to the configured host with the configured protocol", async () => {
    const { endpoint } = await served((response) => json(response, 200, { RequestId: requestId }));
    const host = endpoint.replace("http://", "");
    const send = transportTo(host, { endpoint: { override: host, protocol: "http" } });
    await expect(send(regionsCall)).resolves.toMatchObject({ RequestId: requestId });
  });

  test("goes to a URL in capitals and to one with a path", async () => {
    const server = await served((response) => json(response, 200, { RequestId: requestId }));
    await transportTo(server.endpoint.replace("http:", "HTTP:"))(regionsCall);
    await transportTo(`${server.endpoint}/ecs/`)(regionsCall);
    expect(server.arrivals.map(({ url }) => url)).toEqual(["/", "/ecs/"]);
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((each) =>
    each?.some(({ address }) => address === "::1"),
  );
  test.skipIf(!hasIpv6)("goes to an IPv6 address", async () => {
    const server = await served((response) => json(response, 200, { RequestId: requestId }), "::1");
    await expect(transportTo(server.endpoint)(regionsCall)).resolves.toMatchObject({ RequestId: requestId });
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
    await expect(transportTo(endpoint)(createCall)).resolves.toEqual({
      RequestId: requestId,
      HpcClusterId: "hpc-1",
    });
  });

  test("is sent once, also if it fails", async () => {
    const server = await served((response) =>
      json(response, 503, { Code: "ServiceUnavailable", Message: "x" }),
    );
    await failureOf(transportTo(server.endpoint)(createCall), EcsError);
    expect(server.arrivals).toHaveLength(1);
  });
});

describe("credentials", () => {
  test("are requested for every call, so that rotated ones are used", async () => {
    const server = await served((response) => json(response, 200, { RequestId: requestId }));
    const credentials = new CountedCredentials([
      keys,
      { accessKeyId: "LTAIsecond", accessKeySecret: "secret of the second" },
    ]);
    const send = transportTo(server.endpoint, { credentials });
    for (let call = 0; call < 3; call += 1) {
      await send(regionsCall);
    }
    expect(credentials.requests).toBe(3);
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
    await expect(send(regionsCall)).rejects.toThrow(/the keys of this test.*empty/);
    expect(server.connections).toBe(0);
  });

  test("that are missing fail the call with their own error, before anything is sent", async () => {
    const server = await served((response) => json(response, 200, { RequestId: requestId }));
    const failure = new Error("No credentials were found. Looked at: here.");
    const send = transportTo(server.endpoint, {
      credentials: { description: "nowhere", load: () => Promise.reject(failure) },
    });
    await expect(send(regionsCall)).rejects.toBe(failure);
    expect(server.connections).toBe(0);
  });
});

describe("credentials that take long", () => {
  /** Calls with retries on a clock without real time, with credentials that come when the test says so. */
  async function searching() {
    const server = await served((response) => json(response, 200, { RequestId: requestId }));
    let [find, fail] = [(_: Credentials): void => undefined, (_: Error): void => undefined];
    const search = new Promise<Credentials>((resolve, reject) => ([find, fail] = [resolve, reject]));
    const credentials = { description: "a slow place", load: () => search };
    const clock = new FakeClock();
    const transport = bareTransportTo(server.endpoint, { credentials }, clock);
    const send = retrying(transport, clock);
    return { server, clock, send, find, fail };
  }

  test.each<[string, Partial<Call>, number]>([
    ["the call's own limit", { withinMs: 5_000 }, 5_000],
    ["the settings' limit", {}, 60_000],
    ["the operation's deadline", { deadline: 1_090_000 }, 90_000],
  ])("are waited for until %s, and a later call gets them", async (_, limit, limitMs) => {
    const { server, clock, send, find } = await searching();
    const [start, waits] = [clock.now(), [] as string[]];
    expect(start).toBe(1_000_000);
    const error = await failureOf(
      send({ ...createCall, ...limit, onWait: (what) => waits.push(what) }),
      EcsError,
    );
    expect(error).toMatchObject({ code: "CredentialsTimeout", attempts: 1, status: undefined });
    expect(error.message).toContain(
      `CredentialsTimeout: credentials from a slow place took longer than ${limitMs / 1_000} s.`,
    );
    expect(clock.now() - start).toBe(limitMs);
    expect(waits).toEqual(["waiting for credentials from a slow place"]);
    expect(server.connections).toBe(0);
    find(keys);
    await expect(send(createCall)).resolves.toMatchObject({ RequestId: requestId });
    expect(server.arrivals.map(({ form }) => form["AccessKeyId"])).toEqual([keys.accessKeyId]);
  });

  test("that are there at once start no wait, and the wait for others ends with it", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const clock: Clock = {
      now: () => 0,
      sleep: (_, options) => {
        signals.push(options?.signal);
        return new Promise(() => undefined);
      },
    };
    const source = (load: () => Promise<Credentials>) => ({ description: "a place", load });
    const at = (found: CredentialSource) => credentialsBefore(1_000, found, clock, undefined);
    expect(await at(source(() => Promise.resolve(keys)))).toBe(keys);
    expect(signals).toEqual([]);
    const later = new Promise<Credentials>((resolve) => setTimeout(resolve, 20, keys));
    expect(await at(source(() => later))).toBe(keys);
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
  });

  test("that are not found in the end fail nobody who has given up", async () => {
    const { send, fail } = await searching();
    await failureOf(send(regionsCall), EcsError);
    fail(new Error("No credentials were found."));
    await expect(send(regionsCall)).rejects.toThrow("No credentials were found.");
  });

  test("end with the run when it is canceled", async () => {
    const server = await served((response) => json(response, 200, { RequestId: requestId }));
    const cancellation = new AbortController();
    const clock = cancelableClock(cancellation.signal);
    const credentials = { description: "a slow place", load: () => new Promise<never>(() => undefined) };
    const send = retrying(bareTransportTo(server.endpoint, { credentials }, clock), clock);
    const onWait = () => cancellation.abort();
    expect((await failureOf(send({ ...createCall, onWait }), CanceledError)).message).toMatch(
      /^CreateHpcCluster in /,
    );
    expect(server.connections).toBe(0);
  });
});

describe("an error of the service", () => {
  test("has code, message, status, request id and the time to wait", async () => {
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

  test("with a Code and HTTP 200 is an error too, in JSON and in XML", async () => {
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
    for (const error of [asJson, asXml]) {
      expect(error).toMatchObject({ code: "InternalError", status: 200, requestId });
    }
  });

  test.each(["soon", "-5", "0", ""])("x-acs-retry-after %o is ignored", async (value) => {
    const { endpoint } = await served((response) =>
      json(
        response,
        400,
        { RequestId: requestId, Code: "Throttling", Message: "x" },
        { "x-acs-retry-after": value },
      ),
    );
    const { failure } = await failureOf(bareTransportTo(endpoint)(createCall), FailedAttempt);
    expect(failure.retryAfterMs).toBeUndefined();
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

  test("HTML with HTTP 200 (a log-in page)", async () => {
    const error = await failureWith((response) => plain(response, 200, "text/html", "<html>log in</html>"));
    expect(error).toMatchObject({ code: "UnreadableAnswer", status: 200, transport: true });
  });

  test("an empty answer, HTTP 503, with a time to wait", async () => {
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

  test.each(["null", '"text"', "7", "true", "[]", "[1]"])("JSON that is not an object: %s", async (body) => {
    const error = await failureWith((response) => plain(response, 200, "application/json", body));
    expect(error).toMatchObject({ code: "UnreadableAnswer", status: 200, transport: true });
  });

  test("incomplete JSON and incomplete XML", async () => {
    for (const body of ['{"RequestId":"R-1","HpcClus', "<CreateHpcClusterResponse><RequestId>R-1</Req"]) {
      const error = await failureWith((response) => plain(response, 200, "application/json", body));
      expect(error).toMatchObject({ code: "UnreadableAnswer", status: 200, transport: true });
    }
  });
});

describe.concurrent("no answer", () => {
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

  test("a broken gzip answer is repeated", async () => {
    const { endpoint, arrivals } = await served((response, _, number) => {
      if (number === 1) {
        const headers = { "content-type": "application/json", "content-encoding": "gzip" };
        response.writeHead(200, headers).end("this is not gzip");
      } else {
        json(response, 200, { RequestId: requestId });
      }
    });
    const send = retrying(bareTransportTo(endpoint), new FakeClock());
    await expect(send(regionsCall)).resolves.toEqual({ RequestId: requestId });
    expect(arrivals).toHaveLength(2);
  });

  test("the connection is refused", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve, reject) =>
      server.close((error) => (error ? reject(error) : resolve())),
    );
    const error = await failureOf(transportTo(`http://127.0.0.1:${port}`)(regionsCall), EcsError);
    expect(error).toMatchObject({ code: "ECONNREFUSED", status: undefined, transport: true });
  });

  test("a connection that is not made within the connect time-out", async () => {
    // A name server that does not answer. net.connect() reads the function there.
    const dns = createRequire(import.meta.url)("node:dns") as typeof import("node:dns");
    const original = dns.lookup as (host: string, ...rest: unknown[]) => void;
    const silent: typeof original = (host, ...rest) =>
      host === "ecs.example.com" ? undefined : original(host, ...rest);
    const lookup = vi.spyOn(dns, "lookup").mockImplementation(silent);
    try {
      const send = transportTo("http://ecs.example.com", { connectTimeoutMs: 50, readTimeoutMs: 30_000 });
      const error = await failureOf(send(regionsCall), EcsError);
      expect(error).toMatchObject({ code: "ConnectTimeout", status: undefined, transport: true });
      expect(error.meaning.transient).toBe(true);
      expect(lookup).toHaveBeenCalled();
    } finally {
      lookup.mockRestore();
    }
  });

  test("within the configured read time-out, which is neither pop-core's own nor the connect time-out", async () => {
    // pop-core's own is 3 s: the first answer would arrive before it, the second one arrives after it.
    const late: Answerer = (response) =>
      setTimeout(() => json(response, 200, { RequestId: requestId }), 3_200);
    const [short, long] = await Promise.all([
      failureWith((response) => setTimeout(() => json(response, 200, { RequestId: requestId }), 2_000), {
        // What is left of a call's time is seldom a whole number.
        readTimeoutMs: 150.4,
        connectTimeoutMs: 60_000,
      }),
      served(late).then(({ endpoint }) =>
        transportTo(endpoint, { readTimeoutMs: 30_000, connectTimeoutMs: 1_000 })(regionsCall),
      ),
    ]);
    expect(short).toMatchObject({ code: "RequestTimeout", status: undefined, transport: true });
    expect(short.message).toContain("within 150 ms");
    expect(long).toEqual({ RequestId: requestId });
  });

  test("of a late answer that cannot be decompressed is a time-out, and does not end the process", async () => {
    const { endpoint } = await served((response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end("not compressed");
    });
    // Node publishes this when the answer's headers have arrived: here, after the time-out.
    const channel = "http.client.response.finish";
    const arriveLate = () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    };
    subscribe(channel, arriveLate);
    try {
      const failure = await failureOf(transportTo(endpoint, { readTimeoutMs: 200 })(createCall), EcsError);
      expect(failure.meaning.transient).toBe(true);
      // An uncaught error of the decompression would come now, and fail the run.
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      unsubscribe(channel, arriveLate);
    }
  });

  test("an answer that never ends", async () => {
    const timers: NodeJS.Timeout[] = [];
    const error = await failureWith(
      (response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write("{");
        timers.push(setInterval(() => response.write(" "), 30));
      },
      { readTimeoutMs: 500, connectTimeoutMs: 60_000 },
    );
    timers.forEach((timer) => clearInterval(timer));
    expect(error).toMatchObject({ code: "RequestTimeout", status: 200, transport: true });
  });

  test("an answer that is longer than any of the service's fails, before it fills the memory", async () => {
    let sentBytes = 0;
    const chunk = Buffer.alloc(1024 * 1024, " ");
    const error = await failureWith((response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const write = (): void => {
        if (!response.destroyed && sentBytes < 64 * chunk.length) {
          sentBytes += chunk.length;
          response.write(chunk, () => setImmediate(write));
        }
      };
      write();
    });
    expect(error).toMatchObject({ code: "AnswerTooLong", status: 200, transport: true });
    expect(error.message).toContain("longer than 10 MB");
    expect(sentBytes).toBeLessThan(64 * chunk.length);
  });

  test("an answer slower than the connect time-out succeeds, on a new and on an open connection", async () => {
    const server = await served((response) => {
      setTimeout(() => json(response, 200, { RequestId: requestId }), 900);
    });
    const send = transportTo(server.endpoint, { connectTimeoutMs: 600, readTimeoutMs: 30_000 });
    await expect(send(regionsCall)).resolves.toEqual({ RequestId: requestId });
    await expect(send(regionsCall)).resolves.toEqual({ RequestId: requestId });
    expect(server.connections).toBe(1);
  });
});

describe.concurrent("connections", () => {
  test("are limited, and reused", async () => {
    const server = await served((response) =>
      setTimeout(() => json(response, 200, { RequestId: requestId }), 20),
    );
    const send = transportTo(server.endpoint, { maxSockets: 3 });
    await Promise.all(Array.from({ length: 30 }, () => send(regionsCall)));
    expect(server.arrivals).toHaveLength(30);
    expect(server.mostConnections).toBe(3);
    expect(server.connections).toBe(3);
  });

  test("the wait for a free one does not count as waiting for the answer", async () => {
    const server = await served((response) =>
      setTimeout(() => json(response, 200, { RequestId: requestId }), 400),
    );
    const send = transportTo(server.endpoint, {
      maxSockets: 1,
      readTimeoutMs: 1_800,
      connectTimeoutMs: 1_000,
    });
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(regionsCall)));
    expect(answers).toHaveLength(6);
    expect(server.connections).toBe(1);
  });

  const halves: [string, Answerer][] = [
    ["was never answered", () => undefined],
    [
      "was answered by half",
      (response) => void response.writeHead(200, { "content-length": "9" }).write("{"),
    ],
  ];

  test.each(halves)("of a request that %s do not stay in the pool", async (_, first) => {
    const server = await served((response, arrival, number) => {
      if (number === 1) {
        first(response, arrival, number);
      } else {
        json(response, 200, { RequestId: requestId });
      }
    });
    const send = transportTo(server.endpoint, { maxSockets: 1, readTimeoutMs: 1_000 });
    const [lost, next] = await Promise.allSettled([send(regionsCall), send(regionsCall)]);
    expect(lost).toMatchObject({ status: "rejected", reason: { code: "RequestTimeout" } });
    expect(next).toMatchObject({ status: "fulfilled", value: { RequestId: requestId } });
  });
});

describe("secrets", () => {
  /** Every way in which an error may be written. */
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
    for (const text of written(error)) {
      expect(text).not.toMatch(/Nonce\W{1,3}(3D|253D)?\W?[0-9a-f]{8}/i);
    }
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(10);
      const forms = [
        secret,
        encodeURIComponent(secret),
        encodeURIComponent(encodeURIComponent(secret)),
        Buffer.from(secret).toString("base64"),
      ];
      for (const text of written(error)) {
        for (const form of forms) {
          expect(text).not.toContain(form);
        }
      }
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
      "the string to sign in another sentence",
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
    ["a reset connection", (response) => response.socket?.resetAndDestroy()],
  ];

  test.each(repetitions)("are not in the error for %s", async (_, answer) => {
    const server = await served(answer);
    const error = await failureOf(transportTo(server.endpoint)(createCall), EcsError);
    expectNone(error, server.arrivals[0]?.form ?? {});
  });

  test("are not printed with DEBUG=*", async () => {
    const { endpoint, arrivals } = await served((response) => json(response, 200, { RequestId: requestId }));
    const program = `
      const { createTransport } = require("./provider/ecs/http/transport.ts");
      const send = createTransport({
        credentials: { description: "this test", load: async () => (${JSON.stringify(keys)}) },
        endpoint: { override: "${endpoint}", protocol: "http" },
        connectTimeoutMs: 5000,
        readTimeoutMs: 30000,
        proxyEnv: {},
        maxSockets: 1,
      });
      send({ action: "DescribeRegions", regionId: "cn-hangzhou", parameters: {} }).then((answer) => {
        console.log(answer.RequestId);
        process.exit();
      });
    `;
    const { stdout, stderr } = await runInChild(program, { DEBUG: "*" });
    expect(stdout).toContain(requestId);
    const signature = arrivals[0]?.form["Signature"] ?? expect.fail("The request is not signed.");
    for (const secret of [...Object.values(keys), signature]) {
      expect(stdout + stderr).not.toContain(secret);
      expect(stdout + stderr).not.toContain(encodeURIComponent(secret));
    }
  });

  test("are not in the error for a time-out", async () => {
    const server = await served(() => undefined);
    const send = transportTo(server.endpoint, { readTimeoutMs: 200 });
    expectNone(await failureOf(send(createCall), EcsError), server.arrivals[0]?.form ?? {});
  });

  test("are all that is removed from the message", async () => {
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
