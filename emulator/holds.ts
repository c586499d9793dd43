import type { ActionName } from "./action.ts";

/** Before or after the service has done what it was asked for. */
export type When = "beforeCommit" | "afterCommit";

/** Where a call stands when it is held. */
export type Held = { readonly requestId: string; readonly hpcClusterId?: string };

/** Which call to hold: the next one that matches. */
export type HoldRequest = { readonly action: ActionName; readonly when: When; readonly regionId?: string };

/** One held call. */
export type Hold = {
  /** Settles when a call has been stopped; rejects when the service closes first. */
  readonly reached: Promise<Held>;
  /** Lets the call go on. */
  release(): void;
  /** Destroys its connection. What is committed stays committed; what is not is not. */
  drop(): void;
};

/** Thrown inside a call whose connection is to be destroyed. */
export class Dropped extends Error {
  constructor() {
    super("The connection of this call was dropped.");
    this.name = "Dropped";
  }
}

type Waiting = {
  readonly request: HoldRequest;
  readonly reached: Deferred<Held>;
  readonly decided: Deferred<"release" | "drop">;
};

type Deferred<T> = {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
};

/** Calls that a test stops in the middle, one at a time. */
export class Holds {
  readonly #waiting = new Set<Waiting>();
  readonly #stopped = new Set<Waiting>();

  add(request: HoldRequest): Hold {
    const waiting: Waiting = {
      request,
      reached: deferred<Held>(),
      decided: deferred<"release" | "drop">(),
    };
    // A test may never look at `reached`; its rejection at close must not end the process.
    waiting.reached.promise.catch(() => {});
    this.#waiting.add(waiting);
    return {
      reached: waiting.reached.promise,
      release: () => waiting.decided.resolve("release"),
      drop: () => waiting.decided.resolve("drop"),
    };
  }

  /** Stops here if a hold asks for it, until it is decided. Throws Dropped. */
  async stop(action: ActionName, when: When, regionId: string | undefined, held: Held): Promise<void> {
    for (const waiting of this.#waiting) {
      const { request } = waiting;
      if (request.action !== action || request.when !== when) continue;
      if (request.regionId !== undefined && request.regionId !== regionId) continue;
      this.#waiting.delete(waiting);
      this.#stopped.add(waiting);
      waiting.reached.resolve(held);
      const decision = await waiting.decided.promise;
      this.#stopped.delete(waiting);
      if (decision === "drop") throw new Dropped();
      return;
    }
  }

  /** Drops what is held and disappoints who still waits. */
  close(): void {
    for (const waiting of this.#stopped) waiting.decided.resolve("drop");
    for (const waiting of this.#waiting) {
      waiting.reached.reject(new Error(`No ${waiting.request.action} came before the service closed.`));
    }
    this.#waiting.clear();
  }
}

// Promise.withResolvers, which the project's library level (es2023) does not have yet.
function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
