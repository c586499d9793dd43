/** How the engine and the state name the resources of both hosts. */

/** The name of the plugin's package in the engine. */
export const PACKAGE = "alicloud-hpc";

/** The type of the resource of `@pulumi/alicloud` for the same clusters. */
export const officialType = "alicloud:ecs/hpcCluster:HpcCluster";

/** The types of the resource in the engine, one for each host. */
export const clusterTypes = {
  dynamic: "pulumi-nodejs:dynamic/alicloud:HpcCluster",
  plugin: `${PACKAGE}:index:HpcCluster`,
} as const;

export type ClusterType = (typeof clusterTypes)[keyof typeof clusterTypes];

/**
 * What makes a resource one of a dynamic provider: its type, and the input `__provider`, a text that the engine stores with the
 * resource. The provider process evaluates the text in the program's folder; here it loads a module of this package.
 *
 * The SDK's `dynamic.Resource` registers the same, with a text that it makes by serializing the provider. That takes a third of a
 * second in every run, and captures the code itself where the package is a symlink.
 */
interface DynamicProvider<Type extends string = string> {
  /** The type of its resources in the engine. */
  readonly type: Type;
  /** The text. A stack made with another one shows no difference, since `diff` does not compare it. */
  readonly text: string;
}

/** The provider of clusters. */
export const clusterProvider: DynamicProvider<ClusterType> = {
  type: clusterTypes.dynamic,
  text: providerText("lifecycle"),
};

/** The provider of a stack's ClientTokenSalt. */
export const tokenSaltProvider: DynamicProvider = {
  type: "pulumi-nodejs:dynamic/alicloud:ClientTokenSalt",
  text: providerText("tokenSaltLifecycle"),
};

function providerText(subpath: string): string {
  return `exports.handler = () => require("pulumi-alicloud-hpc/${subpath}")`;
}
