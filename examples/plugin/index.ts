import { HpcCluster } from "pulumi-alicloud-hpc/plugin";

const cluster = new HpcCluster(
  "rendering",
  { name: "render-farm", description: "Nightly frames" },
  { customTimeouts: { create: "10m" } },
);

export const clusterId = cluster.id;
