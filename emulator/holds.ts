import type { ActionName } from "./actionNames.ts";

/** Before or after the service makes the change. */
export type When = "beforeCommit" | "afterCommit";

/** A call that was stopped. */
export interface Held {
  readonly requestId: string;
  readonly hpcClusterId?: string;
}

/** Which call to stop: the next matching one. */
export interface HoldRequest {
  readonly action: ActionName;
  readonly when: When;
  readonly regionId?: string;
}

/** One hold, for one call. */
export interface Hold {
  /** Resolves when a call is stopped. Rejects if the service is stopped or reset first. */
  readonly reached: Promise<Held>;
  /** Lets the call continue. */
  release(): void;
  /** Closes its connection. A change that was made stays, a change that was not made is never made. */
  drop(): void;
}

/** Thrown in a call to close its connection. */
export class Dropped extends Error {
  constructor() {
    super("The connection of this call was dropped.");
    this.name = "Dropped";
  }
}

interface Waiting {
  readonly request: HoldRequest;
  readonly reached: Deferred<Held>;
  readonly decided: Deferred<"release" | "drop">;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
}

/** Stops calls in the middle, each hold one call. */
export class Holds {
  private readonly waiting = new Set<Waiting>();
  private readonly stopped = new Set<Waiting>();

  add(request: HoldRequest): Hold {
    const waiting: Waiting = {
      request,
      reached: deferred<Held>(),
      decided: deferred<"release" | "drop">(),
    };
    // A test may never await `reached`. Its rejection at close must not end the process.
    waiting.reached.promise.catch(() => {});
    this.waiting.add(waiting);
    return {
      reached: waiting.reached.promise,
      release: () => {
        waiting.decided.resolve("release");
      },
      drop: () => {
        waiting.decided.resolve("drop");
      },
    };
  }

  /** Stops the call if a hold matches, until it is released. Throws Dropped if it is dropped. */
  async stop(action: ActionName, when: When, regionId: string | undefined, held: Held): Promise<void> {
    for (const waiting of this.waiting) {
      const { request } = waiting;
      if (request.action !== action || request.when !== when) {
        continue;
      }
      if (request.regionId !== undefined && request.regionId !== regionId) {
        continue;
      }
      this.waiting.delete(waiting);
      this.stopped.add(waiting);
      waiting.reached.resolve(held);
      const decision = await waiting.decided.promise;
      this.stopped.delete(waiting);
      if (decision === "drop") {
        throw new Dropped();
      }
      return;
    }
  }

  /** Drops the stopped calls and rejects the other holds. */
  close(): void {
    for (const waiting of this.stopped) {
      waiting.decided.resolve("drop");
    }
    for (const waiting of this.waiting) {
      waiting.reached.reject(
        new Error(`The service was stopped or reset before a ${waiting.request.action} call.`),
      );
    }
    this.waiting.clear();
  }
}

// Promise.withResolvers is not in es2023, the project's library level.
function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
