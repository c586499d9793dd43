import { createWriteStream } from "node:fs";
import { once } from "node:events";
import type { RequestRecord } from "./requests.ts";

/** A file with one JSON line for each finished request: its ids, but no other parameters. */
export interface RequestLog {
  readonly write: (record: RequestRecord) => void;
  readonly close: () => Promise<void>;
}

/** Opens the file for appending. Rejects if it cannot be opened. */
export async function openRequestLog(path: string): Promise<RequestLog> {
  const stream = createWriteStream(path, { flags: "a" });
  await once(stream, "open");
  return {
    write: (record) => {
      const { startedAt, finishedAt, action, regionId, ids, status, code, requestId, fault, committed } =
        record;
      const ms = finishedAt === undefined ? undefined : finishedAt - startedAt;
      const time = new Date(startedAt).toISOString();
      stream.write(
        JSON.stringify({ time, action, regionId, ids, status, code, requestId, ms, fault, committed }) + "\n",
      );
    },
    close: async () => {
      stream.end();
      await once(stream, "finish");
    },
  };
}
