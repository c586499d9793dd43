// Takes over a cluster that was made by hand. Preview fails, property by property, where this program differs from it.
import * as pulumi from "@pulumi/pulumi";
import { HpcCluster } from "pulumi-alicloud-hpc";

const config = new pulumi.Config();

const cluster = new HpcCluster("rendering", {
  name: config.require("clusterName"),
  description: config.get("clusterDescription"),
  adopt: config.require("clusterId"), // may be removed once the cluster is in the state
});

export const clusterId = cluster.id;
export const createdBy = cluster.requestId.apply((requestId) => requestId ?? "somebody else");
