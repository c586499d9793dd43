// Puts instances of @pulumi/alicloud into an HPC cluster. Both packages read the same configuration.
import * as alicloud from "@pulumi/alicloud";
import * as pulumi from "@pulumi/pulumi";
import { HpcCluster } from "pulumi-alicloud-hpc";

const config = new pulumi.Config();

export const cluster = new HpcCluster("rendering", {
  name: "render-farm",
  description: "Two super-computing instances",
});

export const instances = [0, 1].map(
  (index) =>
    new alicloud.ecs.Instance(`node-${index}`, {
      instanceName: `render-node-${index}`,
      // The instances depend on the cluster, so they are deleted before it: a cluster with instances cannot be deleted.
      hpcClusterId: cluster.hpcClusterId,
      instanceType: "ecs.sccgn6.24xlarge",
      imageId: config.require("imageId"),
      vswitchId: config.require("vswitchId"),
      securityGroups: [config.require("securityGroupId")],
    }),
);

export const clusterId = cluster.id;
