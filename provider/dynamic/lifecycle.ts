/**
 * The dynamic provider: turns the engine's calls into calls of the core, and back. Pulumi stores a reference to this module
 * (`pulumi-alicloud-hpc/lifecycle`) with every cluster, so that path must stay. The program loads it too, so what talks to the
 * service is loaded on first use.
 */
import type { dynamic } from "@pulumi/pulumi";
import { checkCluster } from "../cluster/check.ts";
import { createCluster, originFrom } from "../cluster/create.ts";
import { diffCluster } from "../cluster/diff.ts";
import {
  propertiesFrom,
  textOf,
  UNKNOWN,
  unknownOutputs,
  type EngineProperties,
} from "../cluster/properties.ts";
import { readCluster } from "../cluster/read.ts";
import { inputsOf, outputsOf } from "../cluster/state.ts";
import { deleteStored, updateStored } from "../cluster/storedCluster.ts";
import { configure, operationFor } from "./currentSession.ts";
import { redactionFor, secretNamesIn, secretNamesOf, withErrorsForSdk } from "./messages.ts";

export { configure };

/** Checks the inputs, the settings, the region, the credentials, and the cluster to adopt, at preview. */
export const check = withErrorsForSdk(
  async (olds: EngineProperties, news: EngineProperties): Promise<dynamic.CheckResult> => {
    const { inputs, failures } = await checkCluster(operationFor(news), olds, news, secretNamesOf(news));
    const redact = redactionFor(news);
    return { inputs, failures: failures.map((failure) => ({ ...failure, reason: redact(failure.reason) })) };
  },
);

/** Compares old outputs with new inputs, so that a change made outside Pulumi shows after a refresh. */
export const diff = withErrorsForSdk(
  async (id: string, olds: EngineProperties, news: EngineProperties): Promise<dynamic.DiffResult> => {
    const { updates, replaces, adds } = await diffCluster(operationFor(news), id, olds, news, {
      resourceName: textOf(news, "__resourceName"),
    });
    return { changes: updates.length + replaces.length + adds.length > 0, replaces };
  },
);

/** CreateHpcCluster once; what DescribeHpcClusters then shows becomes the state. */
export const create = withErrorsForSdk(async (inputs: EngineProperties): Promise<dynamic.CreateResult> => {
  const created = await createCluster(operationFor(inputs), propertiesFrom(inputs), originFrom(inputs));
  return { id: created.hpcClusterId, outs: { ...outputsOf(created), ...secretNamesIn(inputs) } };
});

/** DescribeHpcClusters, for a refresh (a missing cluster leaves the state) and for `HpcCluster.get` (an error). */
export const read = withErrorsForSdk(
  async (id: string, properties: EngineProperties): Promise<dynamic.ReadResult> => {
    if (properties["regionId"] === UNKNOWN) {
      return { id, props: unknownOutputs };
    }
    const found = await readCluster(operationFor(properties), id, properties);
    const secretNames = secretNamesIn(properties);
    return found === undefined
      ? {}
      : {
          id,
          props: { ...outputsOf(found), ...secretNames },
          inputs: { ...inputsOf(found), ...secretNames },
        };
  },
);

/** ModifyHpcClusterAttribute with what differs, and nothing else; then DescribeHpcClusters. */
export const update = withErrorsForSdk(
  async (id: string, olds: EngineProperties, inputs: EngineProperties): Promise<dynamic.UpdateResult> => {
    const updated = await updateStored(operationFor(inputs), id, olds, inputs);
    return { outs: { ...outputsOf(updated), ...secretNamesIn(inputs) } };
  },
);

/** DeleteHpcCluster. A cluster that does not exist counts as deleted. */
const remove = withErrorsForSdk(async (id: string, properties: EngineProperties): Promise<void> => {
  await deleteStored(operationFor(properties), id, properties);
});
export { remove as delete };
