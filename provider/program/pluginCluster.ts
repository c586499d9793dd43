import * as pulumi from "@pulumi/pulumi";
import { clusterTypes } from "../resourceTypes.ts";
import { clusterRegistration, type ClusterHost, type ClusterOutputs } from "./clusterRegistration.ts";
import type { HpcClusterArgs as ArgsWithName, HpcClusterGetArgs } from "./hpcCluster.ts";
import { defaultProvider } from "./pluginProvider.ts";
import { isOfType } from "./sdkInternals.ts";
import { violationsIn, type Violation } from "./violations.ts";

/** The properties of an {@link HpcCluster}. */
export interface HpcClusterArgs extends Omit<ArgsWithName, "name"> {
  /**
   * The cluster's name. Names need not be unique.
   *
   * 2 to 128 characters; starts with an English letter or a Chinese character, then also digits, periods (`.`), underscores
   * (`_`) and hyphens (`-`); not starting with `http://` or `https://`. Default: the resource's name and a suffix that follows
   * from its URN, or what the stack's `pulumi:autonaming` says.
   *
   * API parameter `Name`. A change updates the cluster in place.
   */
  name?: ArgsWithName["name"] | undefined;
}

/** Declares clusters of the plugin. */
const host: ClusterHost = { type: clusterTypes.plugin, defaultProvider };

/**
 * An HPC cluster of Alibaba Cloud ECS: a group of bare-metal or supercomputing instances with a fast network between them.
 *
 * ```ts
 * const cluster = new HpcCluster("rendering", { name: "render-farm", regionId: "cn-hangzhou" });
 * export const clusterId = cluster.id;
 * ```
 *
 * A replacement deletes the old cluster before it creates the new one, unless the option `deleteBeforeReplace` says otherwise:
 * a cluster that still contains instances cannot be deleted, and then nothing new has been created yet.
 */
// The SDK sets the outputs that the interface below declares: every one is registered.
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export class HpcCluster extends pulumi.CustomResource {
  /** @internal */
  static readonly __pulumiType: string = host.type;

  /**
   * Declares an HPC cluster.
   *
   * @param resourceName the unique name of the resource in the program
   * @param args its properties; every rule about them is checked at preview
   * @param opts the usual options of a Pulumi resource
   */
  constructor(resourceName: string, args?: HpcClusterArgs, opts?: pulumi.CustomResourceOptions) {
    const { properties, options, claim } = clusterRegistration(host, resourceName, args, opts);
    super(host.type, resourceName, properties, options);
    claim(this);
  }

  /**
   * Reads an existing cluster that this stack does not manage. It is never changed or deleted.
   *
   * @param resourceName the unique name of the resource in the program
   * @param id the cluster's id, `hpc-…`
   * @param args the cluster's region
   * @throws (at preview and up) if there is no such cluster in the region
   */
  static get(
    resourceName: string,
    id: pulumi.Input<pulumi.ID>,
    args?: HpcClusterGetArgs,
    opts?: pulumi.CustomResourceOptions,
  ): HpcCluster {
    // With an id the engine reads instead of creating. The name comes from the service.
    return new HpcCluster(resourceName, { ...args }, { ...opts, id });
  }

  /**
   * The cluster's id, `hpc-…`: the same output as `id`, under the API's name.
   *
   * A getter: a state property that is not also an input would become unknown in every preview of an update.
   */
  get hpcClusterId(): pulumi.Output<string> {
    return this.id;
  }

  /** Whether a value is an HpcCluster, of this or of another copy of this package. */
  static override isInstance(value: unknown): value is HpcCluster {
    return isOfType(HpcCluster.__pulumiType, value);
  }
}

/** The outputs of a cluster. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging
export interface HpcCluster extends ClusterOutputs {}

/**
 * Checks the properties of an HPC cluster in a unit test, where mocks take the place of the provider and nothing else checks them.
 * The rules and the words are those of a preview.
 *
 * It uses neither the network, nor the environment, nor the configuration. So it does not know whether the region and the cluster
 * to adopt exist. A missing `regionId` breaks no rule, since the configuration may have one; nor does a missing `name`, since the
 * plugin makes one, which is not checked here.
 *
 * ```ts
 * expect(checkHpcCluster({ name: "render-farm" })).toEqual([]);
 * ```
 *
 * @param args the arguments of a cluster, or the `inputs` that a mock's `newResource` gets for one
 * @returns everything that is wrong; empty if nothing is. Outputs, promises and unknown values break no rule.
 */
export function checkHpcCluster(
  args: Partial<HpcClusterArgs> | Record<string, unknown> = {},
): readonly Violation[] {
  return violationsIn(args, ["regionId", "name"]);
}
