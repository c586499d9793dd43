import * as pulumi from "@pulumi/pulumi";
import { tokenKeyOf } from "./clientToken";
import * as lifecycle from "./lifecycle";
import { stackMemory } from "./stackMemory";
import { tokenSalt, withoutDependencies } from "./tokenSalt";

/** What an {@link HpcCluster} is made of. */
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
   * 2 to 256 characters, not starting with `http://` or `https://`. Default: none; an empty text means none too.
   *
   * API parameter `Description`. A change updates the cluster in place, and so does its removal.
   */
  description?: pulumi.Input<string | undefined>;
  /**
   * Makes the creation idempotent: the service answers a second call with the same token and the same values with the
   * cluster of the first.
   *
   * At most 64 ASCII characters, unique among different requests. Default: one made of the stack's random salt and
   * the resource's URN, which survives a crash. One of your own is rarely needed.
   *
   * API parameter `ClientToken`. A change does nothing: the token only matters while the cluster is being created.
   */
  clientToken?: pulumi.Input<string | undefined>;
  /**
   * The id (`hpc-…`) of an existing cluster to take over instead of creating one: `import` cannot work for dynamic resources.
   *
   * Preview looks at the cluster, and fails property by property where the program differs from what is there. Once taken
   * over, it is an ordinary cluster of the stack: updated, refreshed and destroyed with it. Default: none.
   *
   * No API parameter: no CreateHpcCluster call is made. A change or removal does nothing once the cluster is in the state.
   */
  adopt?: pulumi.Input<string | undefined>;
}

/** Where {@link HpcCluster.get} looks. */
export interface HpcClusterGetArgs {
  /** The id of the cluster's region. Default: as for {@link HpcClusterArgs.regionId}. */
  regionId?: pulumi.Input<string | undefined>;
}

/**
 * An HPC cluster of Alibaba Cloud ECS: a group of bare-metal or super-computing instances with a fast network between them.
 *
 * ```ts
 * const cluster = new HpcCluster("rendering", { name: "render-farm", regionId: "cn-hangzhou" });
 * export const clusterId = cluster.id;
 * ```
 *
 * A replacement deletes the old cluster before it makes the new one, unless the option `deleteBeforeReplace` says otherwise:
 * a cluster that still holds instances cannot be deleted, and then nothing new has been made yet.
 */
export class HpcCluster extends pulumi.dynamic.Resource {
  /** The name, as the service has it. */
  declare readonly name: pulumi.Output<string>;
  /** The id of the region. */
  declare readonly regionId: pulumi.Output<string>;
  /** The description, as the service has it; undefined if there is none. */
  declare readonly description: pulumi.Output<string | undefined>;
  /** The RequestId of the CreateHpcCluster call; undefined on a cluster that was read with {@link HpcCluster.get}. */
  declare readonly requestId: pulumi.Output<string | undefined>;

  /**
   * Declares an HPC cluster.
   *
   * @param resourceName the unique name of the resource in the program
   * @param args what the cluster is made of; every rule about it is checked at preview
   * @param opts the ordinary options of a Pulumi resource
   */
  constructor(resourceName: string, args: HpcClusterArgs, opts?: pulumi.CustomResourceOptions) {
    // All outputs, also those that are no inputs, or not given. Copies: the SDK writes into the object it is given.
    const none = { name: undefined, regionId: undefined, description: undefined, requestId: undefined };
    const properties: pulumi.Inputs = Object.assign(none, args);
    const isRead = opts?.id !== undefined || opts?.urn !== undefined;
    if (!isRead && !properties["clientToken"]) {
      properties["__tokenKey"] = tokenKey(resourceName, opts);
    }
    // A JavaScript program may leave them out; check says so.
    const given = args as HpcClusterArgs | undefined;
    if (given?.adopt) {
      properties["adopt"] = claimedCluster(given.adopt as pulumi.Input<string>, resourceName);
    }
    if (given?.clientToken && !isRead) {
      const token = given.clientToken as pulumi.Input<string>;
      properties["clientToken"] = claimedToken(token, resourceName, given.regionId, opts);
    }
    super(
      lifecycle,
      resourceName,
      properties,
      { ...opts, deleteBeforeReplace: opts?.deleteBeforeReplace ?? true },
      "alicloud",
      "HpcCluster",
    );
  }

  /**
   * The cluster's id, `hpc-…`: the same output as `id`, under the API's name.
   *
   * A getter, since an output that is not also an input would turn unknown in every preview of an update.
   */
  get hpcClusterId(): pulumi.Output<string> {
    return this.id;
  }

  /**
   * An existing cluster that this stack does not manage: read, never changed or deleted.
   *
   * @param resourceName the unique name of the resource in the program
   * @param id the cluster's id, `hpc-…`
   * @param args where it is
   * @throws (at preview and up) if there is no such cluster in the region
   */
  static get(
    resourceName: string,
    id: pulumi.Input<pulumi.ID>,
    args?: HpcClusterGetArgs,
    opts?: pulumi.CustomResourceOptions,
  ): HpcCluster {
    // With an id the engine reads instead of creating: the name comes from the service.
    return new HpcCluster(resourceName, { ...args } as HpcClusterArgs, { ...opts, id });
  }

  /** Whether a value is an HpcCluster, also one of another copy of this package. */
  static override isInstance(value: unknown): value is HpcCluster {
    // The SDK's own mark of the type, as its generated packages compare it.
    return (
      pulumi.CustomResource.isInstance(value) &&
      (value as { __pulumiType?: unknown }).__pulumiType === RESOURCE_TYPE
    );
  }
}

/** The cluster to adopt, if no other resource of the stack adopts it: each would go on to change and delete it. */
function claimedCluster(adopt: pulumi.Input<string>, resourceName: string): pulumi.Output<string> {
  const claim = claimOf(resourceName);
  return pulumi.output(adopt).apply((id) => {
    claim(
      `adopt ${id}`,
      (other) => `adopt: the HPC cluster ${id} is adopted by both ${other}; remove one of them.`,
    );
    return id;
  });
}

/** The token, if no other resource uses it in the same region and account: both would get the same cluster. */
function claimedToken(
  clientToken: pulumi.Input<string>,
  resourceName: string,
  regionId: pulumi.Input<string | undefined>,
  opts: pulumi.CustomResourceOptions | undefined,
): pulumi.Output<string> {
  const claim = claimOf(resourceName);
  const provider = opts?.provider ?? opts?.parent?.getProvider(RESOURCE_TYPE);
  const account = provider === undefined ? "default" : withoutDependencies(provider.urn);
  return pulumi.output(clientToken).apply((token) =>
    pulumi.all([regionId, account]).apply((place) => {
      claim(
        `clientToken ${JSON.stringify([token, ...place])}`,
        (other) =>
          `clientToken: ${JSON.stringify(token)} is used by both ${other}; give each a token of its own.`,
      );
      return token;
    }),
  );
}

/** Lets a resource claim what only one resource of the stack may have. */
function claimOf(resourceName: string): (what: string, complaint: (both: string) => string) => void {
  const { claims } = stackMemory();
  const claim = { resourceName };
  return (what, complaint) => {
    const owner = claims.get(what) ?? claim;
    claims.set(what, owner);
    if (owner !== claim) {
      // Without a stack trace, as the engine shows a RunError.
      throw new pulumi.RunError(complaint(`"${owner.resourceName}" and "${resourceName}"`));
    }
  };
}

/** What the ClientTokens of this cluster are made of; undefined where a targeted run leaves the stack's salt out. */
function tokenKey(
  resourceName: string,
  opts: pulumi.CustomResourceOptions | undefined,
): pulumi.Output<string | undefined> {
  const keyOf = (salt: string | undefined, urn: string) =>
    salt === undefined ? undefined : tokenKeyOf(salt, urn);
  const salt = tokenSalt(opts);
  if (opts?.parent === undefined) {
    // As createUrn would have it; a program may have a thousand clusters, and outputs take their time.
    const urn = `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${RESOURCE_TYPE}::${resourceName}`;
    return salt.apply((value) => keyOf(value, urn));
  }
  const urn = withoutDependencies(pulumi.createUrn(resourceName, RESOURCE_TYPE, opts.parent));
  return pulumi.all([salt, urn]).apply(([value, ownUrn]) => keyOf(value, ownUrn));
}

const RESOURCE_TYPE = "pulumi-nodejs:dynamic/alicloud:HpcCluster";
