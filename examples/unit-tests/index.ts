import * as pulumi from "@pulumi/pulumi";
import { HpcCluster } from "pulumi-alicloud-hpc";

const stack = pulumi.getStack();

for (const team of ["film", "games"]) {
  new HpcCluster(team, { name: `${stack}-${team}`, description: `Render farm of the ${team} team` });
}
