import { warnOfInstances } from "./instances";
import { changesBetween, textOf, type EngineProperties, type PropertyChanges } from "./properties";
import type { Session } from "./session";
import { stateFrom } from "./state";

/**
 * Compares stored outputs with new inputs, so that a change made outside Pulumi shows after a refresh. The session learns which
 * entry holds the cluster, and the user what would prevent a replacement.
 */
export async function diffCluster(
  session: Session,
  hpcClusterId: string,
  olds: EngineProperties,
  news: EngineProperties,
): Promise<PropertyChanges> {
  const old = stateFrom(hpcClusterId, olds);
  session.holders.record(hpcClusterId, { entry: old.__entry, resourceName: textOf(news, "__resourceName") });
  const changes = changesBetween(olds, news);
  if (changes.replaces.length > 0) {
    await warnOfInstances(session, old);
  }
  return changes;
}
