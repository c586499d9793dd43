// Finds clusters that are already there, and names a new one so that it is not one of them.
import { getHpcClusters, getHpcClusterOutput, getRegions, HpcCluster } from "pulumi-alicloud-hpc";

export = async () => {
  // Lookups run in previews too.
  const regions = await getRegions();
  const renderFarms = await getHpcClusters({ nameRegex: "^render-farm-" });
  const cluster = new HpcCluster("rendering", { name: "lookup-farm", description: "Beside the others" });

  // The output form takes outputs, and waits for them: at a first preview the id is not known yet.
  const found = getHpcClusterOutput({ id: cluster.id, regionId: cluster.regionId });

  return {
    regionCount: regions.length,
    renderFarmIds: renderFarms.map(({ id }) => id),
    foundName: found.name,
  };
};
