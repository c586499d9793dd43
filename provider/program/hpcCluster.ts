import * as pulumi from "@pulumi/pulumi";
import { clusterProvider } from "../resourceTypes.ts";
import { clusterRegistration, type ClusterHost, type ClusterOutputs } from "./clusterRegistration.ts";
import { isOfType } from "./sdkInternals.ts";
import { tokenKey } from "./tokenSalt.ts";
import { violationsIn, type Violation } from "./violations.ts";

/** The properties of an {@link HpcCluster}. */
export interface HpcClusterArgs {
  /**
   * The cluster's name. Names need not be unique.
   *
   * 2 to 128 characters; starts with an English letter or a Chinese character, then also digits, periods (`.`), underscores
   * (`_`) and hyphens (`-`); not starting with `http://` or `https://`.
   *
   * API parameter `Name`. A change updates the cluster in place.
   */
  name: pulumi.Input<string>;
  /**
   * The id of the region, e.g. `cn-hangzhou`.
   *
   * Default: the setting `alicloud:region`, then the environment variables `ALICLOUD_REGION` and `ALIBABA_CLOUD_REGION`.
   *
   * API parameter `RegionId`. A change replaces the cluster.
   */
  regionId?: pulumi.Input<string | undefined>;
  /**
   * What the cluster is for.
   *
   * 2 to 256 characters, not starting with `http://` or `https://`. Default: none; an empty text also means none.
   *
   * API parameter `Description`. A change updates the cluster in place, and so does its removal.
   */
  description?: pulumi.Input<string | undefined>;
  /**
   * Makes the creation idempotent: the service answers a second call with the same token and the same values with the
   * cluster of the first.
   *
   * At most 64 ASCII characters, unique among different requests. Default: one derived from a random salt in the state and the
   * resource's URN, which survives a crash. You rarely need one of your own.
   *
   * API parameter `ClientToken`. A change does nothing: the token only matters while the cluster is being created.
   */
  clientToken?: pulumi.Input<string | undefined>;
  /**
   * The id (`hpc-…`) of an existing cluster to adopt instead of creating one. Dynamic resources need it, because `pulumi import`
   * does not work for them.
   *
   * Preview reads the cluster, and fails for every property that differs from the program. Once adopted, it is an ordinary
   * cluster of the stack: updated, refreshed and destroyed with it. Default: none. In TypeScript and JavaScript the resource is
   * protected as long as it says `adopt`, as after `pulumi import`, unless the option `protect` says otherwise. In other languages,
   * and before you remove `adopt`, give it the option `protect`; preview warns where it is missing.
   *
   * No API parameter: CreateHpcCluster is not called. Once the cluster is in the state, a change does nothing, and a removal only
   * ends the protection.
   */
  adopt?: pulumi.Input<string | undefined>;
}

/** The arguments of {@link HpcCluster.get}. */
export interface HpcClusterGetArgs {
  /** The id of the cluster's region. Default: as for {@link HpcClusterArgs.regionId}. */
  regionId?: pulumi.Input<string | undefined>;
}

/** Declares clusters of the dynamic provider. */
const host: ClusterHost = {
  type: clusterProvider.type,
  ownInputs(resourceName, given, opts) {
    return {
      // For the provider's messages about this resource.
      __resourceName: resourceName,
      ...(given.clientToken ? {} : { __tokenKey: tokenKey(clusterProvider.type, resourceName, opts) }),
      ...withSecretNames(given),
    };
  },
  commonInputs: { __provider: clusterProvider.text },
};

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
  constructor(resourceName: string, args: HpcClusterArgs, opts?: pulumi.CustomResourceOptions) {
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
    return new HpcCluster(resourceName, { ...args } as HpcClusterArgs, { ...opts, id });
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
 * to adopt exist, and a missing `regionId` breaks no rule: the configuration may have one.
 *
 * ```ts
 * expect(checkHpcCluster({ name: "render-farm" })).toEqual([]);
 * ```
 *
 * @param args the arguments of a cluster, or the `inputs` that a mock's `newResource` gets for one
 * @returns everything that is wrong; empty if nothing is. Outputs, promises and unknown values break no rule.
 */
export function checkHpcCluster(
  args: Partial<HpcClusterArgs> | Record<string, unknown>,
): readonly Violation[] {
  return violationsIn(args, ["regionId"]);
}

/** Which arguments are secret, for `check`: the engine would show their values. */
function withSecretNames(args: object): pulumi.Inputs {
  const outputs = Object.entries<unknown>({ ...args }).filter(([, value]) => pulumi.Output.isInstance(value));
  if (outputs.length === 0) {
    return {};
  }
  const secretNames = Promise.all(
    outputs.map(async ([name, value]) =>
      (await pulumi.isSecret(value as pulumi.Output<unknown>)) ? [name] : [],
    ),
  ).then((names) => (names.flat().length > 0 ? names.flat() : undefined));
  return { __secretNames: secretNames };
}
