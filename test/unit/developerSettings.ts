import { vi } from "vitest";

/** Hides the developer's own settings and credentials, until `vi.unstubAllEnvs()`. */
export function hideDeveloperSettings(): void {
  for (const name of Object.keys(process.env)) {
    if (/^(ALICLOUD|ALIBABA|ECS_ENDPOINT)/.test(name)) {
      vi.stubEnv(name, undefined);
    }
  }
}
