/** The report of an audit for a terminal. */
import type { AuditReport, Finding, FindingKind } from "./report.ts";

const kindTexts: Readonly<Record<FindingKind, string>> = {
  unheld: "in no state",
  gone: "gone",
  shared: "shared",
  otherAccount: "other account",
  otherRegion: "other region",
  unprotected: "unprotected",
};

const HEADER = ["FINDING", "CLUSTER", "REGION", "NAME", "INSTANCES", "ENTRY"];

/** The report as lines of text. */
export function tableOf(report: AuditReport): string {
  const { accountId, states, regions, findings, unseen, notes } = report;
  const rows = findings.map(rowOf);
  const widths = HEADER.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  const clusters = regions.reduce((sum, each) => sum + each.clusters, 0);
  const entries = states.reduce((sum, each) => sum + each.clusters, 0);
  const lines = [
    `Account ${accountId ?? "not known"}: ${counted(clusters, "HPC cluster")} in ${counted(regions.length, "region")}; ` +
      `${counted(entries, "entry", "entries")} in ${counted(states.length, "state")}.`,
    "",
    ...(findings.length === 0 ? [] : [lineOf(HEADER)]),
    ...findings.flatMap((finding, index) => [lineOf(rows[index]!), ...detailsOf(finding), ""]),
    ...unseen.flatMap(({ subject, reason, meaning }) => [
      `Not read: ${subject}: ${reason}`,
      `  ${meaning}`,
      "",
    ]),
    ...notes.flatMap((note) => [`Note: ${note}`, ""]),
    summaryOf(report),
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

function rowOf({ kind, hpcClusterId, regionId, name, instances, entries }: Finding): string[] {
  const shown = entries.map(({ urn, source }) => `${nameIn(urn)} (${source})`).join(", ");
  return [
    kindTexts[kind],
    hpcClusterId,
    regionId ?? "not readable",
    // The name may be a secret in the state.
    name ?? "not readable",
    instances === undefined ? "-" : String(instances),
    shown || "-",
  ].map(printable);
}

function detailsOf({ hpcClusterId, createdAt, message, repairs }: Finding): string[] {
  return [
    `  ${hpcClusterId} ${message}.${createdAt === undefined ? "" : ` It was created at ${createdAt}.`}`,
    ...repairs.map(({ command, purpose }) => `    ${command}  # ${purpose}`),
  ];
}

function summaryOf({ exitCode, findings, unseen }: AuditReport): string {
  const found = findings.length === 0 ? "Nothing was found" : counted(findings.length, "finding");
  return exitCode === 2
    ? `${found}, but ${counted(unseen.length, "thing")} could not be read (exit code 2).`
    : `${found} (exit code ${exitCode}).`;
}

function nameIn(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Replaces characters that control a terminal, or are invisible. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, "\uFFFD");
}
