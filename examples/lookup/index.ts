// Finds existing clusters. The name of the new cluster does not match the pattern, so the lookup does not return it.
import { getHpcClusters, getHpcClusterOutput, getRegions, HpcCluster } from "pulumi-alicloud-hpc";

export = async () => {
  // Lookups also run in previews.
  const regions = await getRegions();
  const renderFarms = await getHpcClusters({ nameRegex: "^render-farm-" });
  const cluster = new HpcCluster("rendering", { name: "lookup-farm", description: "Beside the others" });

  // The output form accepts outputs: in the first preview the id is not known yet.
  const found = getHpcClusterOutput({ id: cluster.id, regionId: cluster.regionId });

  return {
    regionCount: regions.length,
    renderFarmIds: renderFarms.map(({ id }) => id),
    foundName: found.name,
  };
};
