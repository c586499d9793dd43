/** Asks the checks one after the other and keeps what came of each. */
import { type Bench, CannotAsk } from "./bench.ts";
import { type Check, type Fact, titleOf } from "./contract.ts";

/** A check, and what the service did. */
export interface Finding {
  readonly group: string;
  readonly name: string;
  readonly emulator: string;
  readonly service: string;
  readonly same: boolean;
  readonly note?: string;
  /** The service's own words, and the request that they belong to, where it has refused something. */
  readonly message?: string;
  readonly requestId?: string;
}

/** Asks the checks, and puts each finding into the list as it comes: an interruption leaves those so far. */
export async function ask(
  bench: Bench,
  checks: readonly Check[],
  signal: AbortSignal,
  findings: Finding[],
  progress: (line: string) => void,
): Promise<void> {
  let group = "";
  for (const check of checks) {
    if (check.group !== group) progress((group = check.group));
    findings.push(await findingOf(bench, check, signal));
    await bench.tidy();
  }
}

async function findingOf(bench: Bench, check: Check, signal: AbortSignal): Promise<Finding> {
  const { group, name } = check;
  const emulator = typeof check.emulator === "string" ? check.emulator : check.emulator(bench.situation);
  bench.lastAnswer = undefined;
  try {
    const { did, note } = await check.observe(bench);
    const same = did === emulator;
    // TypeScript takes it for undefined still: it does not see that the check has made calls.
    const answer = bench.lastAnswer as Bench["lastAnswer"];
    return {
      ...{ group, name, emulator, service: did, same },
      ...(note === undefined ? {} : { note }),
      ...(answer?.message === undefined ? {} : { message: answer.message }),
      ...(answer?.requestId === undefined ? {} : { requestId: answer.requestId }),
    };
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const service =
      error instanceof CannotAsk ? `could not be asked: ${reason}` : `the check broke: ${reason}`;
    return { group, name, emulator, service, same: false };
  }
}

/** What was found for one fact. */
export interface Answered {
  readonly question: string;
  readonly found: readonly string[];
}

/** Answers each question by the findings of its checks. */
export function answer(facts: readonly Fact[], findings: readonly Finding[]): Answered[] {
  const byTitle = new Map(findings.map((finding) => [titleOf(finding), finding]));
  return facts.map(({ question, from }) => ({
    question,
    found: from.map(({ check, answers }) => {
      const finding = byTitle.get(check);
      if (finding === undefined) return "not asked";
      const text = answers[finding.service] ?? finding.service;
      return finding.note === undefined ? text : `${text} (${finding.note})`;
    }),
  }));
}
