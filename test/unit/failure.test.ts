/** What pop-core throws, and the failure that it stands for. The transport's own tests have the cases that a server can make. */
import { expect, test } from "vitest";
import { failureOf } from "../../provider/ecs/http/failure.ts";
import type { RequestSocket } from "../../provider/ecs/http/requestSocket.ts";

const answered = { status: 400, requestId: "R-1", retryAfterMs: 5 } as unknown as RequestSocket;
const unanswered = { status: undefined } as unknown as RequestSocket;
const of = (error: unknown, socket = answered) =>
  failureOf(error, undefined, socket, "ecs.example.com", 99.6);

test.each([
  ["text", answered],
  [undefined, answered],
  [null, answered],
  [{ name: "Other" }, answered],
  [new Error("No credentials."), answered],
  [new TypeError("x is not a function"), unanswered],
])("what comes neither from the service nor from the network is thrown on: %o", async (error, socket) => {
  await expect(Promise.resolve().then(() => of(error, socket))).rejects.toBe(error);
});

test("an answer that is JSON and no object is unreadable, as is one without a text as its code", () => {
  const unreadable = {
    code: "UnreadableAnswer",
    status: 400,
    requestId: "R-1",
    retryAfterMs: 5,
    transport: true,
  };
  expect(of(new TypeError("of pop-core"))).toMatchObject({
    ...unreadable,
    serviceMessage: "the answer is not the service's",
  });
  for (const data of [null, "text", {}, { Code: 5, Message: 5, RequestId: 5 }]) {
    expect(of(Object.assign(new Error("of pop-core"), { data }))).toEqual({
      ...unreadable,
      serviceMessage: "the answer has no error code",
    });
  }
});

test.each([
  ["", "the answer is empty"],
  [" \n", "the answer is empty"],
  ["x", "the answer is not the service's"],
  ["<title>\n Log in </title>", 'the answer is not the service\'s: "Log in"'],
])("an answer that is not JSON: %j", (text, serviceMessage) => {
  expect(of({ name: "SyntaxError", text })).toMatchObject({ code: "UnreadableAnswer", serviceMessage });
});

test.each([
  [{ name: "RequestTimeoutError" }, "RequestTimeout", "no answer from ecs.example.com within 100 ms"],
  [{ code: "EWEIRD" }, "EWEIRD", "no answer from ecs.example.com: EWEIRD"],
])("a time-out and an unknown network error name the endpoint: %o", (fields, code, serviceMessage) => {
  expect(of(Object.assign(new Error("x"), fields), unanswered)).toEqual({
    code,
    serviceMessage,
    status: undefined,
    transport: true,
  });
});
