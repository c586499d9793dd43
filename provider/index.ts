export { HpcCluster, type HpcClusterArgs, type HpcClusterGetArgs } from "./hpcCluster";
