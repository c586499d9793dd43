package main

import (
	"pulumi-alicloud-hpc/sdk/go/alicloudhpc"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		cluster, err := alicloudhpc.NewHpcCluster(ctx, "rendering", &alicloudhpc.HpcClusterArgs{
			Name:        pulumi.String("render-farm"),
			Description: pulumi.String("Nightly frames"),
		}, pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "10m"}))
		if err != nil {
			return err
		}
		ctx.Export("clusterId", cluster.ID())
		return nil
	})
}
