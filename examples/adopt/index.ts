// Adopts a cluster that was created by hand. Preview fails for every property that differs from this program.
import * as pulumi from "@pulumi/pulumi";
import { HpcCluster } from "pulumi-alicloud-hpc";

const config = new pulumi.Config();

const cluster = new HpcCluster("rendering", {
  name: config.require("clusterName"),
  description: config.get("clusterDescription"),
  // Can be removed once the cluster is in the state. It also protects the cluster: `pulumi destroy` needs it to be removed first.
  adopt: config.require("clusterId"),
});

export const clusterId = cluster.id;
export const createdBy = cluster.requestId.apply((requestId) => requestId ?? "somebody else");
