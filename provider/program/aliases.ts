import * as pulumi from "@pulumi/pulumi";
import { clusterTypes, officialType, type ClusterType } from "../resourceTypes.ts";
import { childrenOf, runError } from "./sdkInternals.ts";
import { runningStack } from "./stackMemory.ts";

type Alias = pulumi.Input<pulumi.URN | pulumi.Alias>;

/**
 * Other names under which the state may have the cluster: a stack that moves from one host to the other, or from `@pulumi/alicloud`,
 * keeps its clusters, also where the program renames a resource at the same time.
 */
export function aliasesOf(
  type: ClusterType,
  resourceName: string,
  opts: pulumi.CustomResourceOptions | undefined,
): Alias[] {
  const given = opts?.aliases ?? [];
  const otherHosts = Object.values(clusterTypes).filter((other) => other !== type);
  return [
    ...given,
    ...given
      .filter(isWithoutType)
      .flatMap((alias) => [...otherHosts, officialType].map((other) => ({ ...alias, type: other }))),
    ...otherHosts.map((other) => ({ type: other })),
    officialAlias(resourceName, opts?.parent ?? runningStack()),
  ];
}

function isWithoutType(alias: Alias): alias is pulumi.Alias {
  const isObject =
    typeof alias === "object" && !(alias instanceof Promise) && !pulumi.Output.isInstance(alias);
  return isObject && alias.type === undefined;
}

/**
 * The alias for the resource of `@pulumi/alicloud`. It resolves once the program has declared what it declares without waiting.
 * Where the SDK does not note the children of a resource, the engine finds the conflict.
 *
 * @throws (when it resolves) if the program declares that resource too. The engine would only report a "duplicate resource alias",
 * which the program has never given.
 */
async function officialAlias(resourceName: string, parent: object): Promise<pulumi.Alias> {
  await Promise.resolve();
  for (const child of childrenOf(parent)) {
    if (child.__pulumiType === officialType && child.__name === resourceName) {
      throw runError(
        `"${resourceName}" is declared twice, by HpcCluster of this package and by alicloud.ecs.HpcCluster of @pulumi/alicloud. Under the ` +
          "same name this package takes over the cluster of the other resource. Remove that resource from the program, and its " +
          "cluster moves here; or give this one another name, and it becomes a cluster of its own.",
      );
    }
  }
  return { type: officialType };
}
