import * as pulumi from "@pulumi/pulumi";

/**
 * What takes the engine's place after `pulumi.runtime.setMocks`, a new object each time; undefined on the engine. The SDK does not
 * export its class, and a program may contain two copies of the SDK.
 */
export function mockMonitor(): object | undefined {
  const monitor: object | undefined = pulumi.runtime.getMonitor();
  return monitor !== undefined && "mocks" in monitor ? monitor : undefined;
}
