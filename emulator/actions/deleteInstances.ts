import { checkDryRun, isTrue, regionOf, unknownInstanceRegion, type Action } from "../action.ts";
import { notSupplied, Refusal, refusal } from "../refusal.ts";
import { listOf } from "../rules.ts";

/** Releases instances: all, or none if one of them cannot be released. They run, so only `Force` releases them. */
export const deleteInstances: Action = {
  name: "DeleteInstances",
  version: "2014-05-26",
  changes: true,
  prepare(call) {
    const { accountId, parameters, store } = call;
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownInstanceRegion());
    const ids = listOf(parameters, "InstanceId");
    if (ids.length === 0) {
      throw notSupplied("MissingParameter", "InstanceId");
    }
    if (ids.length > 100) {
      throw refusal("Invalid.Parameter");
    }
    return () => {
      const instances = store
        .instances({ accountId, regionId })
        .filter(({ instanceId }) => ids.includes(instanceId));
      if (instances.length < new Set(ids).size) {
        throw new Refusal(404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.");
      }
      if (!isTrue(parameters.Force)) {
        throw new Refusal(
          403,
          "IncorrectInstanceStatus",
          "The current status of the resource does not support this operation.",
        );
      }
      checkDryRun(call, "DRYRUN.SUCCESS");
      for (const { instanceId } of instances) {
        store.removeInstance(instanceId);
      }
      return {};
    };
  },
};
