import type { Answer, Call, Send } from "../../provider/ecs/http/transport.ts";
import type { Request } from "../../provider/ecs/retry.ts";

/** Calls without retries. */
export function withoutRetry(send: Send): Request {
  return async (call, parse) => parse(await send(call));
}

/** Calls whose answers stay as they are. */
export function unparsed(request: Request): (call: Call) => Promise<Answer> {
  return (call) => request(call, (answer) => answer);
}
