import { CanceledError, type Clock, LONGEST_TIMER_MS, SHORTEST_REPORTED_WAIT_MS } from "./clock.ts";
import { FailedAttempt } from "./errors.ts";
import type { Answer, Call, Send } from "./http/transport.ts";

/** DescribeHpcClusters takes at most 100 ids, and returns at most 100 clusters a page. */
export const DESCRIBE_LIMIT = 100;

/** DescribeHpcClusters of up to 100 ids. While it waits, such a call may share the request of another one in the region. */
export function describeCall(regionId: string, hpcClusterIds: readonly string[]): Call {
  return {
    action: "DescribeHpcClusters",
    regionId,
    parameters: {
      RegionId: regionId,
      HpcClusterIds: JSON.stringify(hpcClusterIds),
      PageSize: DESCRIBE_LIMIT,
    },
    hpcClusterIds,
  };
}

/** How long a call that is on its way may still take once the run is canceled: its answer may be the id of a new cluster. */
const LAST_ANSWER_MS = 1_000;

/** A time before which a call must not be sent, on the clock, and the code of the error that is the reason. */
export interface Pause {
  readonly until: number;
  readonly code: string;
}

/** An attempt of a call. */
export interface Attempt {
  readonly call: Call;
  /** When the attempt must have begun, on the clock. */
  readonly deadline: number;
  /** Whether the answer must be there by then too. */
  readonly limitsAnswer: boolean;
  /** The wait after the attempt before. */
  readonly pause?: Pause | undefined;
}

/** The attempt's turn would be after its deadline: nothing was sent. */
export class TurnTimeout extends Error {
  /** The wait that the service asks for; undefined if the other calls of the region took too long. */
  readonly pause: Pause | undefined;

  constructor(pause?: Pause) {
    super("The turn would be after the deadline.");
    this.pause = pause;
  }
}

/** An attempt that waits for its turn. */
interface Waiting extends Attempt {
  hasSlot: boolean;
  /** The request that asks for it, perhaps with others. */
  request?: { readonly answer: Promise<Answer>; readonly isShared: boolean };
  /** Ends a wait early. */
  wake: () => void;
}

/**
 * What the calls of one region wait for: a pause after a failure, the time that the service asks for, and a free slot. Only a call
 * that is on its way has a slot. Reads of clusters that wait share the request of the first of them whose turn comes.
 */
export class RegionQueue {
  private readonly transport: Send;
  private freeSlots: number;
  private readonly clock: Clock;
  private readonly reads = new Set<Waiting>();
  private readonly forSlot = new Set<Waiting>();
  /** What the service has asked for, by action: it limits each separately. */
  private readonly asked = new Map<string, Pause>();

  /** @param freeSlots how many calls may be on their way at once */
  constructor(transport: Send, freeSlots: number, clock: Clock) {
    this.transport = transport;
    this.freeSlots = freeSlots;
    this.clock = clock;
  }

  /**
   * Sends the call when its turn comes.
   *
   * @throws TurnTimeout if that would be after the deadline
   */
  async send(attempt: Attempt): Promise<Answer> {
    const own: Waiting = { ...attempt, hasSlot: false, wake: () => undefined };
    if (own.call.hpcClusterIds !== undefined) {
      this.reads.add(own);
    }
    try {
      await this.waitForTurn(own);
    } finally {
      this.reads.delete(own);
    }
    if (own.request !== undefined) {
      this.giveBack(own);
    }
    const { answer, isShared } = own.request ?? this.request(own);
    try {
      return await answer;
    } catch (error) {
      if (isShared && isAboutOne(error)) {
        const { hpcClusterIds: _, ...call } = attempt.call;
        return await this.send({ ...attempt, call, pause: undefined });
      }
      throw error;
    }
  }

  /** Resolves when the attempt has a slot and may be sent, or another one has taken it along. */
  private async waitForTurn(own: Waiting): Promise<void> {
    const { call, deadline } = own;
    // A timer may end a little early.
    let waitedUntil = -Infinity;
    while (own.request === undefined) {
      const now = this.clock.now();
      const pause = this.longestPause(own);
      if (pause !== undefined && pause.until > Math.max(now, waitedUntil)) {
        this.giveBack(own);
        if (pause.until >= deadline) {
          throw new TurnTimeout(pause);
        }
        const ms = pause.until - now;
        if (ms >= SHORTEST_REPORTED_WAIT_MS) {
          call.onWait?.(`${call.action}: ${pause.code}, next call in ${(ms / 1_000).toFixed(1)} s`);
        }
        waitedUntil = pause.until;
        await this.sleep(own, ms);
      } else if (own.hasSlot) {
        return;
      } else if (now >= deadline) {
        throw new TurnTimeout();
      } else if (this.freeSlots > 0) {
        this.freeSlots -= 1;
        own.hasSlot = true;
      } else {
        this.forSlot.add(own);
        await this.sleep(own, deadline - now).finally(() => this.forSlot.delete(own));
      }
    }
  }

  private longestPause({ call, pause }: Attempt): Pause | undefined {
    const asked = this.asked.get(call.action);
    return pause === undefined || (asked !== undefined && asked.until > pause.until) ? asked : pause;
  }

  private async sleep(own: Waiting, ms: number): Promise<void> {
    const woken = new AbortController();
    own.wake = () => {
      woken.abort();
    };
    try {
      await this.clock.sleep(Math.min(ms, LONGEST_TIMER_MS), { signal: woken.signal });
    } catch (error) {
      if (!woken.signal.aborted) {
        throw error;
      }
    }
  }

  /** The slot goes to the first that waits for one. */
  private giveBack(own: Waiting): void {
    if (!own.hasSlot) {
      return;
    }
    own.hasSlot = false;
    const [next] = this.forSlot;
    if (next === undefined) {
      this.freeSlots += 1;
    } else {
      this.forSlot.delete(next);
      next.hasSlot = true;
      next.wake();
    }
  }

  /** Sends an attempt that has a slot, and with it the reads that still wait. */
  private request(own: Waiting): NonNullable<Waiting["request"]> {
    const all = [own, ...this.readsBeside(own)] as const;
    const answer = this.sendNow(all).finally(() => {
      this.giveBack(own);
    });
    const request = { answer, isShared: all.length > 1 };
    for (const each of all) {
      each.request = request;
      each.wake();
    }
    return request;
  }

  /** The other reads for which the attempt's request has room. */
  private readsBeside({ call: { hpcClusterIds } }: Attempt): Waiting[] {
    if (hpcClusterIds === undefined) {
      return [];
    }
    let room = DESCRIBE_LIMIT - hpcClusterIds.length;
    return [...this.reads].filter(({ call }) => {
      const { length } = call.hpcClusterIds ?? [];
      const fits = length <= room;
      room -= fits ? length : 0;
      return fits;
    });
  }

  private async sendNow(all: readonly [Attempt, ...Attempt[]]): Promise<Answer> {
    const call = this.callFor(all);
    try {
      return await untilCanceled(this.clock.canceled, () => this.transport(call));
    } catch (error) {
      const { code = "", retryAfterMs } = error instanceof FailedAttempt ? error.failure : {};
      if (retryAfterMs !== undefined) {
        const until = this.clock.now() + retryAfterMs;
        if (until > (this.asked.get(call.action)?.until ?? -Infinity)) {
          this.asked.set(call.action, { until, code });
        }
      }
      throw error;
    }
  }

  /** The request for attempts. It ends with the first of their deadlines: to the others that is an error to be repeated. */
  private callFor(all: readonly [Attempt, ...Attempt[]]): Call {
    const [first] = all;
    const ids = [...new Set(all.flatMap(({ call }) => call.hpcClusterIds ?? []))];
    const listeners = all.flatMap(({ call }) => call.onWait ?? []);
    const answerBy = Math.min(
      ...all.map(({ limitsAnswer, deadline }) => (limitsAnswer ? deadline : Infinity)),
    );
    return {
      ...first.call,
      ...(all.length > 1 ? describeCall(first.call.regionId, ids) : {}),
      deadline: Math.min(...all.map(({ deadline }) => deadline)),
      ...(answerBy === Infinity ? {} : { withinMs: answerBy - this.clock.now() }),
      onWait: (what) => {
        for (const listener of listeners) {
          listener(what);
        }
      },
    };
  }
}

/** Whether a shared request has failed because of one of its reads: each is then sent alone, so that only that one fails. */
function isAboutOne(error: unknown): boolean {
  return (
    error instanceof FailedAttempt &&
    (error.meaning.refused === "ids" || error.failure.code === "CredentialsTimeout")
  );
}

/** Sends a call unless the run is canceled. One that is on its way gets a last moment for its answer. */
async function untilCanceled<T>(canceled: AbortSignal | undefined, send: () => Promise<T>): Promise<T> {
  if (canceled === undefined) {
    return await send();
  }
  if (canceled.aborted) {
    throw new CanceledError();
  }
  return await new Promise<T>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const onCancel = () => {
      timer = setTimeout(() => {
        reject(new CanceledError());
      }, LAST_ANSWER_MS);
    };
    canceled.addEventListener("abort", onCancel, { once: true });
    send()
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timer);
        canceled.removeEventListener("abort", onCancel);
      });
  });
}
