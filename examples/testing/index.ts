import { declareClusters } from "./clusters.js";

export const { clusterId } = declareClusters();
