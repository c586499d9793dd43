// One component in three regions: each instance gets the account and the region from its provider.
import * as pulumi from "@pulumi/pulumi";
import { HpcCluster, Provider } from "pulumi-alicloud-hpc";

/** The clusters of one site of the render farm. */
class RenderSite extends pulumi.ComponentResource {
  readonly nightly: HpcCluster;
  readonly preview: HpcCluster;

  constructor(name: string, opts: pulumi.ComponentResourceOptions) {
    super("examples:render:Site", name, {}, opts);
    // The children inherit the component's provider, and with it the region.
    this.nightly = new HpcCluster(`${name}-nightly`, { name: `nightly-${name}` }, { parent: this });
    this.preview = new HpcCluster(`${name}-preview`, { name: `preview-${name}` }, { parent: this });
    this.registerOutputs({ nightlyId: this.nightly.id, previewId: this.preview.id });
  }
}

const sites = ["cn-beijing", "cn-hangzhou", "ap-southeast-1"].map((region) => {
  const provider = new Provider(region, { region, ...sharedSettings() });
  return new RenderSite(region, { providers: [provider] });
});

/** An explicit provider does not read the stack configuration, so the shared settings are passed as arguments. */
function sharedSettings() {
  const config = new pulumi.Config("alicloud");
  return {
    accessKey: config.getSecret("accessKey"),
    secretKey: config.getSecret("secretKey"),
    endpoints: config.getObject<{ ecs?: string }[]>("endpoints"),
  };
}

export const nightlyIds = sites.map((site) => site.nightly.id);
export const regions = sites.map((site) => site.nightly.regionId);
