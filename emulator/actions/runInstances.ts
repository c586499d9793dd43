import { checkDryRun, regionOf, required, unknownInstanceRegion, type Action } from "../action.ts";
import { notSupplied, Refusal, refusal } from "../refusal.ts";
import { wholeNumber } from "../rules.ts";

/**
 * Starts instances, in a cluster or outside. They run at once. Images, types, networks and quotas are not checked, so any id is
 * accepted. The order of the checks is not documented.
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
    const hpcClusterId = parameters.HpcClusterId === "" ? undefined : parameters.HpcClusterId;
    return () => {
      if (hpcClusterId !== undefined && store.owned(accountId, regionId, hpcClusterId) === undefined) {
        throw new Refusal(400, "InvalidHpcClusterId.NotFound", "The specified HpcClusterId is not found.");
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
        }),
      );
      return { InstanceIdSets: { InstanceIdSet: instances.map(({ instanceId }) => instanceId) } };
    };
  },
};
