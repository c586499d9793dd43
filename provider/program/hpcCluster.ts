import * as pulumi from "@pulumi/pulumi";
import { claimAdoptedCluster, claimClientToken, claimCluster } from "./claims";
import { clusterProvider } from "./dynamicProvider";
import { providerOf } from "./provider";
import { runningStack } from "./stackMemory";
import { tokenKey } from "./tokenSalt";

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
   * At most 64 ASCII characters, unique among different requests. Default: one derived from the stack's random salt and the
   * resource's URN, which survives a crash. You rarely need one of your own.
   *
   * API parameter `ClientToken`. A change does nothing: the token only matters while the cluster is being created.
   */
  clientToken?: pulumi.Input<string | undefined>;
  /**
   * The id (`hpc-…`) of an existing cluster to adopt instead of creating one: `import` cannot work for dynamic resources.
   *
   * Preview reads the cluster, and fails for every property that differs from the program. Once adopted, it is an ordinary
   * cluster of the stack: updated, refreshed and destroyed with it. Default: none. The resource is protected, as after
   * `pulumi import`, unless the option `protect` says otherwise.
   *
   * No API parameter: CreateHpcCluster is not called. A change or removal does nothing once the cluster is in the state.
   */
  adopt?: pulumi.Input<string | undefined>;
}

/** The arguments of {@link HpcCluster.get}. */
export interface HpcClusterGetArgs {
  /** The id of the cluster's region. Default: as for {@link HpcClusterArgs.regionId}. */
  regionId?: pulumi.Input<string | undefined>;
}

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
export class HpcCluster extends pulumi.CustomResource {
  /** The name, as the service returns it. */
  declare readonly name: pulumi.Output<string>;
  /** The id of the region. */
  declare readonly regionId: pulumi.Output<string>;
  /** The description, as the service returns it; undefined if there is none. */
  declare readonly description: pulumi.Output<string | undefined>;
  /** The RequestId of the CreateHpcCluster call; undefined on a cluster that was read with {@link HpcCluster.get}. */
  declare readonly requestId: pulumi.Output<string | undefined>;

  /**
   * Declares an HPC cluster.
   *
   * @param resourceName the unique name of the resource in the program
   * @param args its properties; every rule about them is checked at preview
   * @param opts the usual options of a Pulumi resource
   */
  constructor(resourceName: string, args: HpcClusterArgs, opts?: pulumi.CustomResourceOptions) {
    // A JavaScript program may leave the arguments out; check reports what is missing.
    const given: Partial<HpcClusterArgs> = { ...(args as HpcClusterArgs | undefined) };
    const isRead = opts?.id !== undefined || opts?.urn !== undefined;
    const properties: pulumi.Inputs = {
      // Every output is registered, also one that is not an input.
      ...{ name: undefined, regionId: undefined, description: undefined, requestId: undefined },
      ...given,
      __provider: clusterProvider.text,
    };
    const claim = { resourceName, stack: runningStack() };
    if (!isRead) {
      // For the provider's messages about this resource.
      properties["__resourceName"] = resourceName;
    }
    if (!isRead && !given.clientToken) {
      properties["__tokenKey"] = tokenKey(clusterProvider.type, resourceName, opts);
    }
    const secretNames = namesOfSecrets(given);
    if (secretNames !== undefined && !isRead) {
      properties["__secretNames"] = secretNames;
    }
    if (given.adopt) {
      properties["adopt"] = claimAdoptedCluster(given.adopt as pulumi.Input<string>, claim);
    }
    if (given.clientToken && !isRead) {
      properties["clientToken"] = claimClientToken(
        given.clientToken as pulumi.Input<string>,
        claim,
        given.regionId,
        providerOf(opts),
      );
    }
    // An adopted cluster existed before this stack: renaming its resource must not delete it.
    const protect = opts?.protect ?? (given.adopt && !isRead ? true : undefined);
    super(clusterProvider.type, resourceName, properties, {
      ...opts,
      deleteBeforeReplace: opts?.deleteBeforeReplace ?? true,
      ...(protect === undefined ? {} : { protect }),
    });
    if (!isRead) {
      // An error in it is one of the program: nobody handles the rejection.
      void claimCluster(this, claim);
    }
  }

  /**
   * The cluster's id, `hpc-…`: the same output as `id`, under the API's name.
   *
   * A getter: a state property that is not also an input would become unknown in every preview of an update.
   */
  get hpcClusterId(): pulumi.Output<string> {
    return this.id;
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

  /** Whether a value is an HpcCluster, of this or of another copy of this package. */
  static override isInstance(value: unknown): value is HpcCluster {
    // As the SDK's generated packages compare it.
    return (
      pulumi.CustomResource.isInstance(value) &&
      (value as { __pulumiType?: unknown }).__pulumiType === clusterProvider.type
    );
  }
}

/** Which arguments are secret, for `check`: the engine would show their values. Undefined if none can be. */
function namesOfSecrets(args: Partial<HpcClusterArgs>): Promise<string[] | undefined> | undefined {
  const outputs = Object.entries(args).filter(([, value]) => pulumi.Output.isInstance(value));
  if (outputs.length === 0) {
    return undefined;
  }
  return Promise.all(
    outputs.map(async ([name, value]) =>
      (await pulumi.isSecret(value as pulumi.Output<unknown>)) ? [name] : [],
    ),
  ).then((names) => (names.flat().length > 0 ? names.flat() : undefined));
}
