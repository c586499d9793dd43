import type { FaultKind } from "./faultKinds.ts";
import type { Parameters } from "./signature.ts";

/** One request as the service saw it. It holds no key, no signature and no password. */
export interface RequestRecord {
  readonly requestId: string;
  /** As the client sent it, cut at 100 characters: it can be unknown or empty. */
  readonly action: string;
  readonly regionId: string | undefined;
  /** The action's own parameters, ClientToken among them, without passwords and user data: at most 32,768 characters. */
  readonly params: Parameters;
  /** The clusters and instances that the parameters and the answer of a change name, at most 100 each. */
  readonly ids: readonly string[];
  /** Undefined until the signature is verified. */
  readonly accountId: string | undefined;
  /** The status of the answer. Undefined without an answer. */
  readonly status: number | undefined;
  /** The error code of the answer. */
  readonly code: string | undefined;
  readonly startedAt: number;
  /** Undefined while the request is open. */
  readonly finishedAt: number | undefined;
  /** The fault that affected it. Of several, the one that answered. */
  readonly fault: FaultKind | "drop" | undefined;
  /** Whether this request changed anything. A repeated request with the same client token did not. */
  readonly committed: boolean;
}

/** The fields that change while a request is served. */
export type RequestUpdate = Partial<
  Pick<RequestRecord, "accountId" | "ids" | "status" | "code" | "finishedAt" | "fault" | "committed">
>;

/** Every request, in the order of arrival. */
export class Requests {
  readonly records: RequestRecord[] = [];
  private readonly limit: number;
  private readonly watchers = new Set<() => void>();

  /** Keeps at least the last `limit` requests. */
  constructor(limit: number) {
    this.limit = limit;
  }

  begin(record: RequestRecord): void {
    // Cut at twice the limit, so that not every request pays for it.
    if (this.records.length >= 2 * this.limit) {
      this.records.splice(0, this.records.length - this.limit);
    }
    this.records.push(record);
    this.notify();
  }

  update(record: RequestRecord, change: RequestUpdate): void {
    Object.assign(record, change);
    this.notify();
  }

  /** Forgets every request. */
  clear(): void {
    this.records.length = 0;
    this.notify();
  }

  calls(action?: string, regionId?: string): RequestRecord[] {
    return this.records.filter(
      (record) =>
        (action === undefined || record.action === action) &&
        (regionId === undefined || record.regionId === regionId),
    );
  }

  /** Resolves when the condition is true. It is checked at once and after every change of a record. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        try {
          if (!condition()) {
            return;
          }
          resolve();
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        this.watchers.delete(look);
      };
      this.watchers.add(look);
      look();
    });
  }

  private notify(): void {
    for (const look of [...this.watchers]) {
      look();
    }
  }
}
