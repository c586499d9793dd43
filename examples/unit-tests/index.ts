import * as pulumi from "@pulumi/pulumi";
import { getHpcClustersOutput, HpcCluster } from "pulumi-alicloud-hpc";

const stack = pulumi.getStack();

for (const team of ["film", "games"]) {
  new HpcCluster(team, { name: `${stack}-${team}`, description: `Render farm of the ${team} team` });
}

export const archives = getHpcClustersOutput({ nameRegex: "^archive-" }).apply((clusters) =>
  clusters.map(({ id }) => id),
);
