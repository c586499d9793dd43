import { PolicyPack, validateResourceOfType, type ReportViolation } from "@pulumi/policy";
import { HpcCluster } from "pulumi-alicloud-hpc";
import { HpcCluster as PluginHpcCluster } from "pulumi-alicloud-hpc/plugin";

const pattern = /^(dev|prod)-[a-z0-9-]+$/;

function checkName(name: string | undefined, reportViolation: ReportViolation): void {
  if (name !== undefined && !pattern.test(name)) {
    reportViolation(`The name "${name}" does not match ${pattern.source}.`);
  }
}

new PolicyPack("hpc-policies", {
  enforcementLevel: "mandatory",
  policies: [
    {
      name: "hpc-cluster-name",
      description: "The name of an HPC cluster starts with its environment: dev- or prod-.",
      // The dynamic provider and the plugin have a class each. A policy for one of them does not see the clusters of the other.
      validateResource: [
        validateResourceOfType(HpcCluster, ({ name }, _, report) => {
          checkName(name, report);
        }),
        validateResourceOfType(PluginHpcCluster, ({ name }, _, report) => {
          checkName(name, report);
        }),
      ],
    },
  ],
});
