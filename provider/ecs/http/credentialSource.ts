import { type Clock, type OnWait, LONGEST_TIMER_MS, SHORTEST_REPORTED_WAIT_MS } from "../clock.ts";

/** What a request is signed with. */
export interface Credentials {
  accessKeyId: string;
  accessKeySecret: string;
  /** Of temporary (STS) credentials. */
  securityToken?: string | undefined;
}

/** One way to get credentials. */
export interface CredentialSource {
  /** Where they come from, for messages: "alicloud:accessKey and alicloud:secretKey". */
  readonly description: string;
  /** Called for every request, so that temporary ones are renewed during a long run. Nothing is requested before. */
  load(clock: Clock): Promise<Credentials>;
}

/**
 * The credentials; undefined if they are not there before the deadline. The search then goes on without this call, and a later
 * one gets its result.
 *
 * @param deadline on the clock
 */
export async function credentialsBefore(
  deadline: number,
  source: CredentialSource,
  clock: Clock,
  onWait: OnWait | undefined,
): Promise<Credentials | undefined> {
  const search = source.load(clock);
  // Nearly always they are: then no timer is started.
  const areThere = await Promise.race([
    search.then(() => true),
    new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  ]);
  if (areThere) {
    return await search;
  }
  const stop = new AbortController();
  try {
    return await Promise.race([search, timeout(stop.signal)]);
  } finally {
    stop.abort();
  }

  async function timeout(signal: AbortSignal): Promise<undefined> {
    const leftMs = () => Math.min(Math.max(0, deadline - clock.now()), LONGEST_TIMER_MS);
    await clock.sleep(Math.min(SHORTEST_REPORTED_WAIT_MS, leftMs()), { signal });
    onWait?.(`waiting for credentials from ${source.description}`);
    await clock.sleep(leftMs(), { signal });
  }
}
