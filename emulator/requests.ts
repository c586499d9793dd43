import type { FaultKind } from "./faults.ts";
import type { Parameters } from "./signature.ts";

/** One request as the service saw it. It holds no key and no signature. */
export type RequestRecord = {
  readonly requestId: string;
  /** As the client wrote it, so it can be the name of no action, or empty. */
  readonly action: string;
  readonly regionId: string | undefined;
  /** The action's own parameters, ClientToken among them. */
  readonly params: Parameters;
  /** Known once the signature has been verified. */
  readonly accountId: string | undefined;
  /** What was answered; undefined when nothing was, or not yet. */
  readonly status: number | undefined;
  /** The error code of the answer. */
  readonly code: string | undefined;
  readonly startedAt: number;
  /** Undefined while the request is open. */
  readonly finishedAt: number | undefined;
  /** The fault that it met; the one that decided the answer, if there were several. */
  readonly fault: FaultKind | "drop" | undefined;
  /** Whether this request has changed anything. A repetition with the same client token has not. */
  readonly committed: boolean;
};

/** What is learned about a request while it is served. */
export type RequestUpdate = Partial<
  Pick<RequestRecord, "accountId" | "status" | "code" | "finishedAt" | "fault" | "committed">
>;

/** Every request, in the order of arrival. */
export class Requests {
  readonly records: RequestRecord[] = [];
  readonly #limit: number;
  readonly #watchers = new Set<() => void>();

  /** Keeps the last `limit` requests. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  begin(record: RequestRecord): void {
    // Twice the limit before the array is cut, so that the cut does not cost every request.
    if (this.records.length >= 2 * this.#limit) this.records.splice(0, this.records.length - this.#limit);
    this.records.push(record);
    this.#notify();
  }

  update(record: RequestRecord, change: RequestUpdate): void {
    Object.assign(record, change);
    this.#notify();
  }

  calls(action?: string, regionId?: string): RequestRecord[] {
    return this.records.filter(
      (record) =>
        (action === undefined || record.action === action) &&
        (regionId === undefined || record.regionId === regionId),
    );
  }

  /** Settles when the condition holds, which is asked at once and after every change of any record. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        try {
          if (!condition()) return;
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }

  #notify(): void {
    for (const look of [...this.#watchers]) look();
  }
}
