import * as pulumi from "@pulumi/pulumi";
import { promiseOf, runError } from "./sdkInternals.ts";
import { stackMemory, type Claim } from "./stackMemory.ts";

/**
 * The id of the cluster to adopt.
 *
 * @throws (when the output resolves) if another resource of the stack has or adopts it: each would change and delete it
 */
export function claimAdoptedCluster(adopt: pulumi.Input<string>, claim: Claim): pulumi.Input<string> {
  return claimInput(adopt, (id) => {
    const other = otherOwner(`cluster ${id}`, claim);
    return other === undefined
      ? undefined
      : `adopt: the HPC cluster ${id} cannot belong to both ${bothNames(other, claim)}; remove one of them from the program.`;
  });
}

/** Claims the cluster of a resource once it is registered. Two resources of a stack must not have the same cluster. */
export async function claimCluster(resource: pulumi.CustomResource, claim: Claim): Promise<void> {
  const [id, urn] = await Promise.all([promiseOf(resource.id), promiseOf(resource.urn)]);
  if (typeof id !== "string" || typeof urn !== "string") {
    return; // a preview of its creation
  }
  claim.urn = urn;
  const other = otherOwner(`cluster ${id}`, claim);
  if (other !== undefined) {
    const commands = [other.urn, urn].filter((each) => each !== undefined);
    throw runError(
      `The HPC cluster ${id} belongs to both ${bothNames(other, claim)}, so deleting one would delete the other's. Remove one of ` +
        `them from the state, which leaves the cluster as it is: ${commands.map((each) => `pulumi state delete '${each}'`).join(" or ")}. ` +
        "If the next `pulumi up` gives them the same cluster again, let the new one depend on the other (dependsOn), or give it a clientToken.",
    );
  }
}

/**
 * The ClientToken.
 *
 * @param provider the explicit provider of the resource, if it has one: its account is another one
 * @throws (when the output resolves) if another resource uses it in the same region and account: both would get the same cluster
 */
export function claimClientToken(
  clientToken: pulumi.Input<string>,
  claim: Claim,
  regionId: pulumi.Input<string | undefined>,
  provider: pulumi.ProviderResource | undefined,
): pulumi.Input<string> {
  const problemIn = (token: string, place: readonly unknown[]): string | undefined => {
    const other = otherOwner(`clientToken ${JSON.stringify([token, ...place])}`, claim);
    // The token may be a secret.
    return other === undefined
      ? undefined
      : `clientToken: the same token is used by both ${bothNames(other, claim)}; give each a token of its own.`;
  };
  if (provider === undefined && (regionId === undefined || typeof regionId === "string")) {
    return claimInput(clientToken, (token) => problemIn(token, [regionId, "default"]));
  }
  const account = provider === undefined ? "default" : promiseOf(provider.urn);
  return pulumi
    .output(clientToken)
    .apply((token) =>
      pulumi.all([regionId, account]).apply((place) => withoutProblem(token, problemIn(token, place))),
    );
}

/**
 * The input, or one that fails with the problem. A plain value stays one: an output takes time. An error is never thrown at once,
 * so that the preview reports the errors of all resources.
 */
function claimInput(
  input: pulumi.Input<string>,
  problemOf: (value: string) => string | undefined,
): pulumi.Input<string> {
  if (typeof input === "string" && problemOf(input) === undefined) {
    return input;
  }
  return pulumi.output(input).apply((value) => withoutProblem(value, problemOf(value)));
}

function withoutProblem(value: string, problem: string | undefined): string {
  if (problem !== undefined) {
    throw runError(problem);
  }
  return value;
}

/** The other resource that has claimed this already; undefined if it now belongs to this one. */
function otherOwner(what: string, claim: Claim): Claim | undefined {
  const { claims } = stackMemory(claim.stack);
  const owner = claims.get(what) ?? claim;
  claims.set(what, owner);
  return owner === claim ? undefined : owner;
}

function bothNames(one: Claim, other: Claim): string {
  return `"${one.resourceName}" and "${other.resourceName}"`;
}
