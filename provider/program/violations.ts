import * as pulumi from "@pulumi/pulumi";

/** A rule that the properties of an HPC cluster break. */
export interface Violation {
  /** The property; absent if clusters have no such property, or if its value is a secret. */
  readonly property?: string;
  /** What is wrong and what to do, in the words of a preview. */
  readonly reason: string;
}

/**
 * The rules that the properties break. A value that is not known, such as an output, breaks none.
 *
 * @param args the properties as the program gives them, or as mocks receive them
 * @param defaulted the properties that get a value elsewhere if the program gives none
 */
export function violationsIn(args: object, defaulted: readonly string[]): readonly Violation[] {
  const { checkInputs, withoutSecrets } = rules();
  const inputs = Object.fromEntries<unknown>(defaulted.map((name) => [name, pulumi.runtime.unknownValue]));
  const secretNames = new Set<string>();
  for (const [name, value] of Object.entries<unknown>({ ...args })) {
    if (pulumi.runtime.isRpcSecret(value)) {
      secretNames.add(name);
    }
    inputs[name] = knownValue(pulumi.runtime.unwrapRpcSecret(value)) ?? inputs[name];
  }
  const { failures } = checkInputs(inputs, undefined);
  return withoutSecrets(secretNames, failures).map(({ property, reason }) =>
    property === "" ? { reason } : { property, reason },
  );
}

function knownValue(value: unknown): unknown {
  const isUnknown = pulumi.Output.isInstance(value) || value instanceof Promise || pulumi.isUnknown(value);
  return isUnknown ? pulumi.runtime.unknownValue : value;
}

/** Loaded on first use: a program that only declares clusters checks nothing itself. */
function rules(): typeof import("../cluster/rules.ts") {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require("../cluster/rules") as typeof import("../cluster/rules.ts");
}
