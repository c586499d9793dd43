import * as pulumi from "@pulumi/pulumi";
import type { ClusterType } from "../resourceTypes.ts";
import { aliasesOf } from "./aliases.ts";
import { claimAdoptedCluster, claimClientToken, claimCluster } from "./claims.ts";
import { protectOf } from "./sdkInternals.ts";
import { runningStack } from "./stackMemory.ts";

/** @internal The arguments of a cluster, as far as its registration looks at them. */
export interface ClusterArgs {
  readonly regionId?: pulumi.Input<string | undefined>;
  readonly clientToken?: pulumi.Input<string | undefined>;
  readonly adopt?: pulumi.Input<string | undefined>;
}

/** @internal What a host wants of the resources that it provides. */
export interface ClusterHost {
  readonly type: ClusterType;
  /** Inputs of every resource. */
  readonly commonInputs?: pulumi.Inputs;
  /** Further inputs of a resource that the stack manages. */
  ownInputs?(
    resourceName: string,
    given: ClusterArgs,
    opts: pulumi.CustomResourceOptions | undefined,
  ): pulumi.Inputs;
  /** The provider of resources for which the program gives none; undefined: the engine's default provider. */
  defaultProvider?(): pulumi.ProviderResource | undefined;
}

/** What the engine knows of a cluster, whichever host provides it. */
export interface ClusterOutputs {
  /** The name, as the service returns it. */
  readonly name: pulumi.Output<string>;
  /** The id of the region. */
  readonly regionId: pulumi.Output<string>;
  /** The description, as the service returns it; absent if there is none. */
  readonly description: pulumi.Output<string | undefined>;
  /** The RequestId of the CreateHpcCluster call; absent on a cluster that was read with `HpcCluster.get`. */
  readonly requestId: pulumi.Output<string | undefined>;
}

const unsetOutputs: Readonly<Record<keyof ClusterOutputs, undefined>> = {
  name: undefined,
  regionId: undefined,
  description: undefined,
  requestId: undefined,
};

/** @internal What a class of clusters passes to the constructor of `CustomResource`, and does afterwards. */
interface ClusterRegistration {
  readonly properties: pulumi.Inputs;
  readonly options: pulumi.CustomResourceOptions;
  /** Claims the cluster of the resource, which is then declared. */
  readonly claim: (resource: pulumi.CustomResource) => void;
}

/**
 * The registration of a cluster, whichever host provides it.
 *
 * A function, and no base class: the SDK leaves out a fixed number of stack frames, for classes that extend `CustomResource`
 * themselves. With one class more the state would name a line of this package instead of the program's.
 *
 * @internal
 */
export function clusterRegistration(
  host: ClusterHost,
  resourceName: string,
  args: ClusterArgs | undefined,
  opts: pulumi.CustomResourceOptions | undefined,
): ClusterRegistration {
  // A JavaScript program may leave the arguments out; check reports what is missing.
  const given = { ...args };
  const isRead = opts?.id !== undefined || opts?.urn !== undefined;
  const claim = { resourceName, stack: runningStack() };
  const ownProvider = opts?.provider ?? opts?.parent?.getProvider(host.type);
  const provider = ownProvider ?? host.defaultProvider?.();
  const properties: pulumi.Inputs = {
    // Every output is registered, also one that is not an input.
    ...unsetOutputs,
    ...given,
    ...host.commonInputs,
    ...(isRead ? {} : host.ownInputs?.(resourceName, given, opts)),
  };
  if (given.adopt) {
    properties["adopt"] = claimAdoptedCluster(given.adopt as pulumi.Input<string>, claim);
  }
  if (given.clientToken && !isRead) {
    properties["clientToken"] = claimClientToken(
      given.clientToken as pulumi.Input<string>,
      claim,
      given.regionId,
      ownProvider,
    );
  }
  // An adopted cluster existed before this stack: renaming its resource must not delete it.
  const protect = opts?.protect ?? protectOf(opts?.parent) ?? (given.adopt ? true : undefined);
  if (protect !== undefined && !isRead) {
    // The engine does not tell the provider, which warns when the protection of an adopted cluster ends.
    properties["__isProtected"] = protect;
  }
  return {
    properties,
    options: {
      ...opts,
      ...(provider === undefined ? {} : { provider }),
      aliases: isRead ? (opts.aliases ?? []) : aliasesOf(host.type, resourceName, opts),
      deleteBeforeReplace: opts?.deleteBeforeReplace ?? true,
      ...(protect === undefined || isRead ? {} : { protect }),
    },
    claim: (resource) => {
      if (!isRead) {
        // An error in it is one of the program: nobody handles the rejection.
        void claimCluster(resource, claim);
      }
    },
  };
}
