import { nameOf } from "./entry";
import { warnOfInstances } from "./instances";
import { changesBetween, textOf, type EngineProperties, type PropertyChanges } from "./properties";
import type { Session } from "./session";
import { stateFrom } from "./state";

/**
 * Compares stored outputs with new inputs, so that a change made outside Pulumi shows after a refresh. The session learns which
 * entry holds the cluster, and the user what would prevent a replacement.
 *
 * @throws if this run has given the cluster to a new resource as well
 */
export async function diffCluster(
  session: Session,
  hpcClusterId: string,
  olds: EngineProperties,
  news: EngineProperties,
): Promise<PropertyChanges> {
  const old = stateFrom(hpcClusterId, olds);
  const own = { entry: old.__entry, resourceName: textOf(news, "__resourceName") };
  const other = session.holders.otherHolder(hpcClusterId, own);
  session.holders.record(hpcClusterId, own);
  if (other?.isNew) {
    // A failure here keeps the engine from recording what depends on both.
    throw new Error(
      `The HPC cluster ${hpcClusterId} of this resource has just been given to ${nameOf(other)} as well, which has the name and the ` +
        "values that this one once had. Remove that one from the state (pulumi state delete), and declare it after this one, or " +
        "give it a clientToken.",
    );
  }
  const changes = changesBetween(olds, news);
  if (changes.replaces.length > 0) {
    await warnOfInstances(session, old);
  }
  return changes;
}
