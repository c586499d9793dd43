import * as pulumi from "@pulumi/pulumi";
import { stackMemory, type Claim } from "./stackMemory";
import { withoutDependencies } from "./tokenSalt";

/**
 * The id of the cluster to adopt.
 *
 * @throws (when the output resolves) if another resource of the stack has or adopts it: each would change and delete it
 */
export function claimAdoptedCluster(adopt: pulumi.Input<string>, claim: Claim): pulumi.Output<string> {
  return pulumi.output(adopt).apply((id) => {
    const other = otherOwner(`cluster ${id}`, claim);
    if (other !== undefined) {
      throw new pulumi.RunError(
        `adopt: the HPC cluster ${id} cannot belong to both ${bothNames(other, claim)}; remove one of them from the program.`,
      );
    }
    return id;
  });
}

/** Claims the cluster of a resource once it is registered. Two resources of a stack must not have the same cluster. */
export function claimCluster(resource: pulumi.CustomResource, claim: Claim): void {
  pulumi.all([resource.id, resource.urn]).apply(([id, urn]) => {
    claim.urn = urn;
    const other = otherOwner(`cluster ${id}`, claim);
    if (other !== undefined) {
      const commands = [other.urn, urn].filter((each) => each !== undefined);
      throw new pulumi.RunError(
        `The HPC cluster ${id} belongs to both ${bothNames(other, claim)}, so deleting one would delete the other's. Remove one of ` +
          `them from the state, which leaves the cluster as it is: ${commands.map((each) => `pulumi state delete '${each}'`).join(" or ")}. ` +
          "If the next `pulumi up` gives them the same cluster again, declare the new one after the other, or give it a clientToken.",
      );
    }
  });
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
): pulumi.Output<string> {
  const account = provider === undefined ? "default" : withoutDependencies(provider.urn);
  return pulumi.output(clientToken).apply((token) =>
    pulumi.all([regionId, account]).apply((place) => {
      const other = otherOwner(`clientToken ${JSON.stringify([token, ...place])}`, claim);
      if (other !== undefined) {
        // The token may be a secret.
        throw new pulumi.RunError(
          `clientToken: the same token is used by both ${bothNames(other, claim)}; give each a token of its own.`,
        );
      }
      return token;
    }),
  );
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
