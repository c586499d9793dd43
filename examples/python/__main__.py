import pulumi
import pulumi_alicloud_hpc as hpc

cluster = hpc.HpcCluster(
    "rendering",
    name="render-farm",
    description="Nightly frames",
    opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="10m")),
)
pulumi.export("clusterId", cluster.id)
