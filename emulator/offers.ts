/** How much of an instance type a zone has, in the words of the service. `Closed` means that it will not be restocked. */
export type Stock = "WithStock" | "ClosedWithStock" | "WithoutStock" | "ClosedWithoutStock";

/** An instance type that a zone sells. */
export interface Offer {
  readonly zoneId: string;
  readonly instanceType: string;
  /** Default: WithStock. */
  readonly stock?: Stock;
}

/** Whether it is an SCC (super computing cluster) type: these need an HPC cluster, and have an RDMA network. */
export function isSccType(instanceType: string): boolean {
  return instanceType.startsWith("ecs.scc");
}

/** A zone of a region: `cn-hangzhou-a`, but `us-west-1a`. */
export function zoneOf(regionId: string, letter = "a"): string {
  return `${regionId}${/\d$/.test(regionId) ? "" : "-"}${letter}`;
}

/** What a region sells unless a test says otherwise: the first zone has every type, and in the second one SCC type is sold out. */
export function defaultOffers(regionId: string): readonly Offer[] {
  const [a, b] = [zoneOf(regionId), zoneOf(regionId, "b")];
  return [
    { zoneId: a, instanceType: "ecs.g7.large" },
    { zoneId: a, instanceType: "ecs.sccg7.32xlarge" },
    { zoneId: a, instanceType: "ecs.sccc7.32xlarge" },
    { zoneId: a, instanceType: "ecs.sccgn7ex.32xlarge" },
    { zoneId: b, instanceType: "ecs.g7.large" },
    { zoneId: b, instanceType: "ecs.sccg7.32xlarge", stock: "WithoutStock" },
  ];
}
