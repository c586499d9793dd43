// Puts SCC instances of @pulumi/alicloud into an HPC cluster, and lists their RDMA addresses for MPI. Both packages read the same
// configuration.
import * as alicloud from "@pulumi/alicloud";
import * as pulumi from "@pulumi/pulumi";
import { getHpcClusterInstancesOutput, HpcCluster } from "pulumi-alicloud-hpc";

const config = new pulumi.Config();

export const cluster = new HpcCluster("simulation", {
  name: "simulation",
  description: "Two super-computing instances",
});

export const instances = [0, 1].map(
  (index) =>
    new alicloud.ecs.Instance(`node-${index}`, {
      instanceName: `node-${index}`,
      // The instances depend on the cluster, so they are deleted before it: a cluster with instances cannot be deleted.
      hpcClusterId: cluster.hpcClusterId,
      // getSccInstanceTypes lists the types that a region sells, and their zones. The vSwitch must be in such a zone.
      instanceType: config.get("instanceType") ?? "ecs.sccc7.32xlarge",
      imageId: config.require("imageId"),
      vswitchId: config.require("vswitchId"),
      securityGroups: [config.require("securityGroupId")],
    }),
);

// `pulumi stack output hostfile > hosts && mpirun --hostfile hosts …`
export const hostfile = getHpcClusterInstancesOutput({ id: cluster.id }, { dependsOn: instances }).apply(
  (found) => found.flatMap(({ rdmaIpAddresses }) => rdmaIpAddresses.slice(0, 1)).join("\n"),
);

export const clusterId = cluster.id;
