package farm;

import com.pulumi.Pulumi;
import com.pulumi.alicloudhpc.HpcCluster;
import com.pulumi.alicloudhpc.HpcClusterArgs;
import com.pulumi.core.Output;
import com.pulumi.resources.CustomResourceOptions;
import com.pulumi.resources.CustomTimeouts;
import java.time.Duration;

public class App {
    public static void main(String[] args) {
        Pulumi.run(ctx -> {
            var cluster = new HpcCluster(
                "rendering",
                HpcClusterArgs.builder().name("render-farm").description("Nightly frames").build(),
                CustomResourceOptions.builder()
                    .customTimeouts(CustomTimeouts.builder().create(Duration.ofMinutes(10)).build())
                    .build());
            ctx.export("clusterId", cluster.id());
        });
    }
}
