/** What a program wants, and the program that declares it: with the package's own classes. */
import type { ProviderResource, Resource } from "@pulumi/pulumi";
import { program } from "./hostProcess.ts";

/** What a program wants of one cluster. */
export interface Wanted {
  name: string;
  description?: string;
  regionId?: string;
  clientToken?: string;
  /** The id of a cluster to adopt. */
  adopt?: string;
  /** The id of a cluster to import. */
  import?: string;
  /** The explicit provider of the resource: a provider process of its own. Default: the default provider. */
  provider?: string;
  /** The former name of the resource. */
  alias?: string;
  /** The names of resources that are declared before. */
  dependsOn?: readonly string[];
  protect?: boolean;
  retainOnDelete?: boolean;
  /** Default: true. */
  deleteBeforeReplace?: boolean;
}

/** What a program declares, by resource name. */
export type Wants = ReadonlyMap<string, Wanted>;

/** The host whose classes a program imports. */
export type HostName = keyof typeof program;
export const hostNames: readonly HostName[] = ["dynamic", "plugin"];

/**
 * The program.
 *
 * @param configuration of the explicit providers: `alicloud:` keys
 */
export function programOf(
  host: HostName,
  wants: Wants,
  configuration: Readonly<Record<string, string>>,
): () => Promise<void> {
  const { HpcCluster, Provider } = program[host];
  const args = Object.fromEntries(
    Object.entries(configuration).map(([key, value]) => [key.replace("alicloud:", ""), value]),
  );
  return () => {
    const providers = new Map<string, ProviderResource>();
    const explicit = (name: string): ProviderResource => {
      const provider = providers.get(name) ?? new Provider(name, args);
      providers.set(name, provider);
      return provider;
    };
    const declared = new Map<string, Resource>();
    for (const [resource, wanted] of wants) {
      const {
        provider,
        alias,
        dependsOn = [],
        import: imported,
        protect,
        retainOnDelete,
        deleteBeforeReplace,
        ...others
      } = wanted;
      const cluster = new HpcCluster(resource, others, {
        dependsOn: dependsOn.map((name) => declared.get(name)!),
        ...(imported === undefined ? {} : { import: imported }),
        ...(protect === undefined ? {} : { protect }),
        ...(retainOnDelete === undefined ? {} : { retainOnDelete }),
        ...(deleteBeforeReplace === undefined ? {} : { deleteBeforeReplace }),
        ...(alias === undefined ? {} : { aliases: [{ name: alias }] }),
        ...(provider === undefined ? {} : { provider: explicit(provider) }),
      });
      declared.set(resource, cluster);
    }
    return Promise.resolve();
  };
}
