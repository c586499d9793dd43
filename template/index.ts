import { HpcCluster } from "pulumi-alicloud-hpc";

const cluster = new HpcCluster("rendering", {
  name: "render-farm",
  description: "Nightly frames",
});

export const clusterId = cluster.id;
