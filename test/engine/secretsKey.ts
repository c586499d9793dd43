/**
 * The key of the stacks' secrets, from a service like Vault's transit engine. With a passphrase every operation would make the
 * key again: a million rounds, a tenth of the time of an `up`.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** For AES-256. */
export const key = Buffer.alloc(32, "secrets of tests");

/** For `secretsprovider` of a `Pulumi.<stack>.yaml`. */
export const secretsProvider = "hashivault://tests";

/** For `encryptedkey`, which holds the service's ciphertext as Base64: here, `vault:v1:` and the key as Base64. */
export const encryptedKey = Buffer.from(`vault:v1:${key.toString("base64")}`).toString("base64");

let serving: Promise<void> | undefined;

/** Serves the key as long as this process lives, and tells the engines that it starts. */
export function serveSecretsKey(): Promise<void> {
  serving ??= new Promise((resolve) => {
    const server = createServer((request, response) => {
      void json(request).then((body) => {
        const { ciphertext } = body as { ciphertext: string };
        const data = { plaintext: ciphertext.replace("vault:v1:", "") };
        response.setHeader("content-type", "application/json").end(JSON.stringify({ data }));
      });
    });
    server.listen(0, "127.0.0.1", () => {
      // A developer's own VAULT_ADDR comes after it.
      process.env["VAULT_SERVER_URL"] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      server.unref();
      resolve();
    });
  });
  return serving;
}
