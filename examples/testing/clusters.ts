import { HpcCluster } from "pulumi-alicloud-hpc";

/** Declares the clusters. The program calls it, and so do the tests. */
export function declareClusters() {
  const rendering = new HpcCluster("rendering", {
    name: "render-farm",
    description: "Nightly frames",
  });
  return { clusterId: rendering.id };
}
