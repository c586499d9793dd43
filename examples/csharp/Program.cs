using System;
using System.Collections.Generic;
using Pulumi;
using Pulumi.AlicloudHpc;

return await Deployment.RunAsync(() =>
{
    var cluster = new HpcCluster("rendering", new()
    {
        Name = "render-farm",
        Description = "Nightly frames",
    }, new CustomResourceOptions { CustomTimeouts = new CustomTimeouts { Create = TimeSpan.FromMinutes(10) } });

    return new Dictionary<string, object?> { ["clusterId"] = cluster.Id };
});
