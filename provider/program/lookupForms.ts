/** What all lookups have in common, whichever host runs them: the plain form, the output form, their errors, and the invoke. */
import * as pulumi from "@pulumi/pulumi";
import type { LookupName, LookupResult } from "../cluster/lookups.ts";
import { PACKAGE } from "../resourceTypes.ts";
import { promiseOf, resourcesOf, runError } from "./sdkInternals.ts";

/** What a lookup finds; undefined if a preview does not know the arguments of its provider yet. */
export type Found<R> = Promise<R | undefined>;

/** How a host answers lookups. It looks for the provider in the options at once, and throws if that is one of another kind. */
export type LookupHost = (
  opts: pulumi.InvokeOptions | undefined,
) => <N extends LookupName>(name: N, args: object) => Found<LookupResult<N>>;

/** The plain form: the arguments are known, and so must be those of the provider. */
export async function plainForm<N extends LookupName>(
  host: LookupHost,
  name: N,
  args: object,
  opts: pulumi.InvokeOptions | undefined,
): Promise<LookupResult<N>> {
  const lookUp = host(opts);
  const found = await withRunErrors({}, () => lookUp(name, args));
  if (found === undefined) {
    throw runError(
      "The provider's arguments are not known yet in this preview, so nothing can be looked up with it.",
    );
  }
  return found;
}

/**
 * The output form. If a preview does not know an argument, or if an argument or `dependsOn` needs a resource that does not exist
 * yet, nothing is looked up and the result is unknown.
 */
export function outputForm<N extends LookupName>(
  host: LookupHost,
  name: N,
  args: object,
  opts: pulumi.InvokeOutputOptions | undefined,
): pulumi.Output<LookupResult<N>> {
  const lookUp = host(opts);
  const inputs = pulumi.output(args);
  return pulumi.all([inputs, idsOf(inputs, opts?.dependsOn)]).apply(async ([known]) => {
    const found = await withRunErrors(args, () => lookUp(name, known));
    return (found ?? pulumi.unknown) as LookupResult<N>;
  });
}

/** The ids of the resources that the arguments come from, and of those that the lookup depends on. */
function idsOf(
  inputs: pulumi.Output<unknown>,
  dependsOn: pulumi.InvokeOutputOptions["dependsOn"],
): pulumi.Output<string[]> {
  const others = pulumi.output(dependsOn ?? []) as pulumi.Output<pulumi.Resource | pulumi.Resource[]>;
  return pulumi
    .all([resourcesOf(inputs), others])
    .apply(([one, other]) =>
      pulumi.all(
        [...one, other].flat().map((each) => (pulumi.CustomResource.isInstance(each) ? each.id : each.urn)),
      ),
    );
}

/**
 * Turns every error into one that the engine shows without a stack trace.
 *
 * @param args the message does not show those that are secrets
 */
async function withRunErrors<T>(args: object, lookUp: () => Promise<T>): Promise<T> {
  try {
    return await lookUp();
  } catch (error) {
    // Loaded on first use: a program that only declares clusters looks nothing up.
    const { redactionOf } = await import("../cluster/secretValues.ts");
    const redact = redactionOf(await secretsIn(args));
    throw runError(redact(error instanceof Error ? error.message : String(error)));
  }
}

/** The values that are secrets. */
async function secretsIn(args: object): Promise<unknown[]> {
  const values = await Promise.all(
    Object.values<unknown>({ ...args }).map(async (value) => {
      const output = pulumi.output(value);
      return (await pulumi.isSecret(output)) ? [await promiseOf(output)] : [];
    }),
  );
  return values.flat();
}

/** A lookup as an invoke of the plugin's function, which the engine sends to the plugin, and the SDK's mocks to the test's `call`. */
export async function invokeLookup<N extends LookupName>(
  name: N,
  args: object,
  opts: pulumi.InvokeOptions | undefined,
): Found<LookupResult<N>> {
  const token = `${PACKAGE}:index:${name}`;
  const answer = (await pulumi.runtime.invoke(token, args, opts).catch((error: unknown) => {
    // The SDK's mocks drop the message of an error that `call` throws.
    throw error instanceof Error && error.message !== "" ? error : new Error(`The mock of ${token} failed.`);
  })) as Record<string, unknown>;
  // Loaded on first use, like above.
  const { lookupNamed } = await import("../cluster/lookups.ts");
  const { list } = lookupNamed(name);
  // The engine's answer for a provider whose arguments a preview does not know.
  if (pulumi.runtime.isDryRun() && Object.keys(answer).length === 0) {
    return undefined;
  }
  const result = list === undefined ? answer : answer[list];
  if (result === undefined) {
    throw new Error(`The answer to ${token} has no "${list}". A mock must return an object with it: a list.`);
  }
  return result as LookupResult<N>;
}
