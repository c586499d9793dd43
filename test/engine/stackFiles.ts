/**
 * Writes what `pulumi stack init` and `pulumi config set` would write. Each of these commands takes a third of a second,
 * and there is one stack or more for each test.
 */
import { createCipheriv, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { automation } from "@pulumi/pulumi";
import { type Backend, stateFile } from "./backend.ts";
import { encryptedKey, key, secretsProvider } from "./secretsKey.ts";

/** A configuration value. Without a `:` in the key it belongs to the project. */
export type ConfigInput = string | { value: string; secret?: boolean };

/** The settings in a `Pulumi.<stack>.yaml`. */
type Settings = automation.StackSettings;

/** Encrypts as Pulumi does: AES-256-GCM, `v1:nonce:ciphertext with tag`. */
function encrypt(text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

/** Settings without configuration, for the key of the tests. */
export const emptySettings: Settings = { secretsProvider, encryptedKey };

/** The settings with these values set, or with undefined removed. */
export function settingsWith(
  settings: Settings,
  projectName: string,
  config: Readonly<Record<string, ConfigInput | undefined>>,
): Settings {
  const values = new Map(Object.entries(settings.config ?? {}));
  for (const [name, input] of Object.entries(config)) {
    const fullName = name.includes(":") ? name : `${projectName}:${name}`;
    if (input === undefined) {
      values.delete(fullName);
    } else if (typeof input === "string") {
      values.set(fullName, input);
    } else {
      values.set(fullName, input.secret === true ? { secure: encrypt(input.value) } : input.value);
    }
  }
  return { ...settings, config: Object.fromEntries(values) };
}

/** Writes the state of a new stack, unless the backend has this stack already. */
export function writeEmptyState(backend: Backend, projectName: string, stackName: string): void {
  const file = stateFile(backend, projectName, stackName);
  if (existsSync(file)) {
    return;
  }
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(path.join(backend.folder, ".pulumi/meta.yaml"), "version: 1\n");
  const checkpoint = { stack: `organization/${projectName}/${stackName}` };
  writeFileSync(file, JSON.stringify({ version: 3, checkpoint }));
}
