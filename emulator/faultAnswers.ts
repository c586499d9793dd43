import { failure, type Format, type Reply } from "./answer.ts";
import type { Delivery } from "./delivery.ts";
import type { AnswerFault } from "./faultKinds.ts";
import { Refusal, refusal } from "./refusal.ts";

/** What an answer needs to know of its request. */
export interface AnsweredRequest {
  readonly requestId: string;
  readonly format: Format;
  /** The host that was called, which an error names. */
  readonly hostId: string;
}

/** What the client gets instead of the service's answer. */
export function answerOf(fault: AnswerFault, request: AnsweredRequest): Delivery {
  const { requestId, format, hostId } = request;
  const refused = (error: Refusal, as: Format = format): Delivery =>
    delivered(failure(as, requestId, hostId, error));
  switch (fault.kind) {
    case "throttling": {
      const { status, code, message } = refusal(fault.code ?? "Throttling.User");
      return refused(new Refusal(fault.status ?? status, code, message, fault.retryAfterMs));
    }
    case "internalError":
      return refused(refusal("InternalError"));
    case "serviceUnavailable":
      return refused(refusal("ServiceUnavailable"));
    case "error":
      return refused(new Refusal(fault.status, fault.code, fault.message, fault.retryAfterMs));
    case "xmlError": {
      const { status, code, message } = refusal("ServiceUnavailable");
      const error = new Refusal(fault.status ?? status, fault.code ?? code, fault.message ?? message);
      return refused(error, "XML");
    }
    case "codeless500": {
      const body = JSON.stringify({ RequestId: requestId, Message: "Internal Server Error" });
      return delivered({ status: 500, headers: { "content-type": "application/json;charset=utf-8" }, body });
    }
    case "badGateway": {
      const head = "<head><title>502 Bad Gateway</title></head>";
      const body = "<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>";
      const page = `<html>\r\n${head}\r\n${body}\r\n</html>\r\n`;
      return delivered({ status: 502, headers: { "content-type": "text/html" }, body: page });
    }
    case "empty503":
      return delivered({ status: 503, headers: {}, body: "" });
    case "reset":
      return { kind: "reset" };
    case "noAnswer":
      return { kind: "silence" };
  }
}

function delivered(reply: Reply): Delivery {
  return { kind: "reply", reply, faults: [] };
}
