import { createHash } from "node:crypto";
import type { CheckFailure } from "./rules.ts";
import { LONGEST_NAME, properties } from "./properties.ts";

/** What Pulumi's `autonaming` configuration says about one resource. */
export interface Autonaming {
  proposedName: string;
  mode: "propose" | "enforce" | "disable";
}

/**
 * The name of a cluster for which the program gives none.
 *
 * Names need not be unique, so the default has no random part: the resource's name, and a suffix that follows from its URN. The
 * next run after a crash then asks for the same cluster again.
 */
export function autoname(
  urn: string,
  resourceName: string,
  autonaming: Autonaming | undefined,
): { name: string } | { failure: CheckFailure } {
  if (autonaming?.mode === "disable") {
    const reason = "name is required, since pulumi:autonaming is disabled; give the HPC cluster a name.";
    return { failure: { property: "name", reason } };
  }
  const name =
    autonaming === undefined || autonaming.proposedName === ""
      ? defaultName(urn, resourceName)
      : autonaming.proposedName;
  const reasons = properties.name.rule(name);
  if (reasons.length > 0) {
    const source = autonaming === undefined ? "the resource's name" : "pulumi:autonaming";
    const reason = `name is missing, and ${JSON.stringify(name)}, made from ${source}, breaks a rule: ${reasons.join(" ")}`;
    return { failure: { property: "", reason: `${reason} Or give the HPC cluster a name.` } };
  }
  return { name };
}

function defaultName(urn: string, resourceName: string): string {
  const suffix = `-${createHash("sha256").update(urn).digest("hex").slice(0, 7)}`;
  return `${Array.from(resourceName)
    .slice(0, LONGEST_NAME - suffix.length)
    .join("")}${suffix}`;
}
