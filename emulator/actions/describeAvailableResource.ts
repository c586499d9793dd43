import { regionOf, required, unknownInstanceRegion, type Action } from "../action.ts";
import type { Body } from "../answer.ts";
import type { Offer, Stock } from "../offers.ts";
import { notSupplied, refusal } from "../refusal.ts";

/** Lists the zones of a region with the instance types that they sell, and their stock. `DestinationResource` must be InstanceType. */
export const describeAvailableResource: Action = {
  name: "DescribeAvailableResource",
  version: "2014-05-26",
  changes: false,
  prepare(call) {
    const { ZoneId: zoneId = "", InstanceType: instanceType = "" } = call.parameters;
    const regionId = regionOf(call, notSupplied("MissingParameter", "RegionId"), unknownInstanceRegion());
    const missing = notSupplied("MissingParameter", "DestinationResource");
    if (required(call, "DestinationResource", missing) !== "InstanceType") {
      throw refusal("Invalid.Parameter");
    }
    return () => {
      const offers = call.store
        .offers(regionId)
        .filter((offer) => zoneId === "" || offer.zoneId === zoneId)
        .filter((offer) => instanceType === "" || offer.instanceType === instanceType);
      const zones = [...new Set(offers.map((offer) => offer.zoneId))];
      return {
        AvailableZones: {
          AvailableZone: zones.map((zone) =>
            zoneWith(
              regionId,
              zone,
              offers.filter((offer) => offer.zoneId === zone),
            ),
          ),
        },
      };
    };
  },
};

function zoneWith(regionId: string, zoneId: string, offers: readonly Offer[]): Body {
  const types = offers.map(({ instanceType: Value, stock = "WithStock" }) => ({ Value, ...statusOf(stock) }));
  const best = stocks.find((stock) => types.some(({ StatusCategory }) => StatusCategory === stock))!;
  return {
    RegionId: regionId,
    ZoneId: zoneId,
    ...statusOf(best),
    AvailableResources: {
      AvailableResource: [{ Type: "InstanceType", SupportedResources: { SupportedResource: types } }],
    },
  };
}

/** The best first: a zone has the stock of its best type. */
const stocks: readonly Stock[] = ["WithStock", "ClosedWithStock", "WithoutStock", "ClosedWithoutStock"];

function statusOf(stock: Stock): { Status: string; StatusCategory: Stock } {
  return { Status: stock.endsWith("WithStock") ? "Available" : "SoldOut", StatusCategory: stock };
}
