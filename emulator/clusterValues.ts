import type { Call } from "./action.ts";
import { faultOf } from "./fault.ts";
import type { StoredCluster } from "./store.ts";

// Where the faults of the values that a creation or a change sends are applied.

/** What the service stores of a value that was sent. */
export function storedValue(call: Call, field: "name" | "description", value: string): string {
  switch (faultOf(call.faults, "storedValues")?.change) {
    case "trim":
      return value.trim();
    case "upperCase":
      return value.toUpperCase();
    case "cut":
      return field === "description" ? Array.from(value).slice(0, 16).join("") : value;
    case undefined:
      return value;
  }
}

/** Lets DescribeHpcClusters show the values before a creation or a change, if a fault says so. */
export function showLate(
  call: Call,
  hpcClusterId: string,
  before: Pick<StoredCluster, "name" | "description">,
  defaultField: "description" | "both",
): void {
  const fault = faultOf(call.faults, "lateValues");
  if (fault === undefined) {
    return;
  }
  const { ms, field = defaultField } = fault;
  const { name, description } = before;
  const shown = field === "both" ? { name, description } : field === "name" ? { name } : { description };
  call.store.showInstead(hpcClusterId, shown, call.now() + ms);
}
