import * as pulumi from "@pulumi/pulumi";
import { stackMemory } from "./stackMemory";
import { withoutDependencies } from "./tokenSalt";

/**
 * The id of the cluster to adopt.
 *
 * @throws (when the output resolves) if another resource of the stack adopts it: each would change and delete it
 */
export function claimAdoptedCluster(
  adopt: pulumi.Input<string>,
  resourceName: string,
): pulumi.Output<string> {
  const claim = claimOf(resourceName);
  return pulumi.output(adopt).apply((id) => {
    claim(
      `adopt ${id}`,
      (both) => `adopt: the HPC cluster ${id} is adopted by both ${both}; remove one of them.`,
    );
    return id;
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
  resourceName: string,
  regionId: pulumi.Input<string | undefined>,
  provider: pulumi.ProviderResource | undefined,
): pulumi.Output<string> {
  const claim = claimOf(resourceName);
  const account = provider === undefined ? "default" : withoutDependencies(provider.urn);
  return pulumi.output(clientToken).apply((token) =>
    pulumi.all([regionId, account]).apply((place) => {
      claim(
        `clientToken ${JSON.stringify([token, ...place])}`,
        (both) =>
          `clientToken: ${JSON.stringify(token)} is used by both ${both}; give each a token of its own.`,
      );
      return token;
    }),
  );
}

/** Lets a resource claim what only one resource of the stack may have. */
function claimOf(resourceName: string): (what: string, message: (both: string) => string) => void {
  const { claims } = stackMemory();
  const claim = { resourceName };
  return (what, message) => {
    const owner = claims.get(what) ?? claim;
    claims.set(what, owner);
    if (owner !== claim) {
      // The engine shows a RunError without a stack trace.
      throw new pulumi.RunError(message(`"${owner.resourceName}" and "${resourceName}"`));
    }
  };
}
