import { checkDryRun, regionOf, required, unknownInstanceRegion, type Action } from "../action.ts";
import { isSccType } from "../offers.ts";
import { notSupplied, Refusal, refusal } from "../refusal.ts";
import { wholeNumber } from "../rules.ts";
import type { Parameters } from "../signature.ts";

/**
 * Starts instances, in a cluster or outside. They run at once. An SCC type (`ecs.scc…`) needs HpcClusterId and VSwitchId, every other
 * type refuses HpcClusterId. Images, stock, networks and quotas are not checked, so any id is accepted. The order of the checks is
 * not documented.
 */
export const runInstances: Action = {
  name: "RunInstances",
  version: "2014-05-26",
  changes: true,
  prepare(call) {
    const { accountId, parameters, store } = call;
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownInstanceRegion());
    const imageId = required(call, "ImageId", notSupplied("MissingParameter", "ImageId"));
    const instanceType = required(call, "InstanceType", notSupplied("MissingParameter", "InstanceType"));
    const amount = wholeNumber(parameters.Amount, 1, 100);
    // There is always enough of everything, so MinAmount changes nothing.
    if (wholeNumber(parameters.MinAmount, 1, 100) > amount) {
      throw refusal("Invalid.Parameter");
    }
    const { HpcClusterId: cluster = "", ZoneId: zoneId = "" } = parameters;
    const hpcClusterId = cluster === "" ? undefined : cluster;
    if (isSccType(instanceType)) {
      checkSccParameters(parameters, hpcClusterId);
    } else if (hpcClusterId !== undefined) {
      throw wrongCluster("Unnecessary", "The specified HpcClusterId is unnecessary.");
    }
    return () => {
      if (hpcClusterId !== undefined) {
        if (store.owned(accountId, regionId, hpcClusterId) === undefined) {
          throw wrongCluster("NotFound", "The specified HpcClusterId is not found.");
        }
        if (store.isCreating(hpcClusterId, call.now())) {
          throw wrongCluster("Creating", "The specified HpcClusterId is creating.");
        }
      }
      checkDryRun(call, "DryRunOperation");
      const { InstanceName: name = "" } = parameters;
      const instances = Array.from({ length: amount }, () =>
        store.runInstance({
          accountId,
          regionId,
          imageId,
          instanceType,
          hpcClusterId,
          ...(name === "" ? {} : { name }),
          ...(zoneId === "" ? {} : { zoneId }),
        }),
      );
      return { InstanceIdSets: { InstanceIdSet: instances.map(({ instanceId }) => instanceId) } };
    };
  },
};

function checkSccParameters(parameters: Parameters, hpcClusterId: string | undefined): void {
  if (hpcClusterId === undefined) {
    throw wrongCluster("Necessary", "The HpcClusterId is necessary.");
  }
  if (!parameters.VSwitchId && !parameters["NetworkInterface.1.VSwitchId"]) {
    throw new Refusal(400, "InvalidVSwitchId.Necessary", "The VSwitchId is necessary.");
  }
}

function wrongCluster(what: string, message: string): Refusal {
  return new Refusal(400, `InvalidHpcClusterId.${what}`, message);
}
