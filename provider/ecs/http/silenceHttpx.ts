/** A file of its own, because the bundle of the plugin has another one in its place (scripts/bundlePlugin.ts). */
import { createRequire } from "node:module";

/**
 * Keeps httpx, the HTTP library of Alibaba Cloud's packages, from printing keys, tokens and signatures: with `DEBUG=*` it prints
 * every request and answer.
 *
 * @param user the package that depends on it
 */
export function silenceHttpx(user: string): void {
  const fromUser = createRequire(require.resolve(user));
  const debug = createRequire(fromUser.resolve("httpx"))("debug") as {
    enable(namespaces: string): void;
    disable(): string;
  };
  const enabled = debug.disable();
  if (enabled !== "") {
    debug.enable(`${enabled},-httpx:*`);
  }
}
