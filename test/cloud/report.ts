/** What is printed: the plan before, the findings after. */
import type { Answered, Finding } from "./comparison.ts";
import type { Removal } from "./leftovers.ts";

/** What a run is going to do, for somebody who has to decide whether it may. */
export interface Plan {
  readonly region: string;
  readonly endpoint: string;
  readonly keyId: string;
  readonly prefix: string;
  readonly checks: number;
  readonly creates: number;
  readonly atMost: number;
  readonly atATime: number;
  readonly life: boolean;
}

export function planText(plan: Plan): string {
  const { region, endpoint, keyId, prefix, checks, creates, atMost, atATime } = plan;
  return [
    `The comparison of the local ECS with ECS in ${region} (${endpoint}), with the access key that ends in ${keyId}:`,
    `  asks         ${checks} checks through plain signed calls${plan.life ? ", then one life of a cluster with the provider on the Pulumi engine" : ""}`,
    `  creates      ${creates} HPC clusters one after another, ${atMost} if the service takes everything that the local ECS refuses,`,
    `               hardly more than ${atATime} at a time; nothing else: no instances, nothing in other regions`,
    `  marks them   by a name that starts with ${prefix}, or, where the name itself is being tried, a description that does`,
    `  removes them each after its check (DeleteHpcCluster); at the end, also after a failure, SIGINT or SIGTERM, everything`,
    `               with that mark, and says what is left, if anything is (exit code 3)`,
    `  leaves alone every cluster without the mark`,
  ].join("\n");
}

export function comparisonText(findings: readonly Finding[], unasked: number): string {
  const lines: string[] = [];
  let group = "";
  for (const finding of findings) {
    if (finding.group !== group) lines.push("", (group = finding.group));
    lines.push(...findingLines(finding));
  }
  const different = findings.filter(({ same }) => !same);
  lines.push(
    "",
    `${findings.length} checks: ${findings.length - different.length} the same, ${different.length} different` +
      (unasked > 0 ? `, ${unasked} not asked.` : "."),
  );
  return lines.join("\n").trimStart();
}

/** The differences alone: a hundred lines above them nobody reads. */
export function differencesText(findings: readonly Finding[]): string {
  const different = findings.filter(({ same }) => !same);
  if (different.length === 0) return "";
  return ["Differences", ...different.flatMap((finding) => [finding.group, ...findingLines(finding)])].join(
    "\n",
  );
}

function findingLines({ name, emulator, service, same, note, message }: Finding): string[] {
  const noted = note === undefined ? "" : ` (${note})`;
  if (same) return [`  same     ${name}${" ".repeat(Math.max(0, 46 - widthOf(name)))} ${service}${noted}`];
  return [
    `  differs  ${name}`,
    `             local ECS  ${emulator}`,
    `             service    ${service}${noted}`,
    ...(message === undefined ? [] : [`             it says    ${message}`]),
  ];
}

/** Columns in a terminal, where a character of East Asia takes two. */
function widthOf(text: string): number {
  return Array.from(text).reduce(
    (sum, character) => sum + (/[\u1100-\uffdc\p{Script=Han}]/u.test(character) && character !== "…" ? 2 : 1),
    0,
  );
}

export function factsText(answers: readonly Answered[]): string {
  return [
    "What the reference marks with (?)",
    ...answers.flatMap(({ question, found }) => [`  ${question}`, ...found.map((text) => `    ${text}`)]),
  ].join("\n");
}

export function removalText(removal: Removal, prefix: string | undefined, made?: number): string {
  const mark = prefix === undefined ? "the mark of any run" : `the mark ${prefix}`;
  const { removed, left, blind } = removal;
  if (left.length === 0 && blind === undefined) {
    const count =
      made === undefined
        ? `${removed.length} removed`
        : `the checks have made ${made}, ${removed.length} of them removed only now`;
    return `Nothing with ${mark} is left: ${count}, and the service shows none.`;
  }
  return [
    blind === undefined
      ? `NOT everything with ${mark} could be removed. Left:`
      : `The service does not say whether anything with ${mark} is left: ${blind}`,
    ...left.map(({ id, name, why }) => `  ${id}  ${name ?? ""}  ${why}`),
    `Try again: npm run test:cloud -- --cleanup --yes${prefix === undefined ? "" : ` --prefix ${prefix}`}`,
  ].join("\n");
}
