/**
 * Writes what `pulumi stack init` and `pulumi config set` would write. Each of these commands takes a third of a second,
 * and there is one stack or more for each test.
 */
import { createCipheriv, pbkdf2, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { automation } from "@pulumi/pulumi";
import { type Backend, stateFile } from "./backend.ts";

/** A configuration value. Without a `:` in the key it belongs to the project. */
export type ConfigInput = string | { value: string; secret?: boolean };

/** The settings in a `Pulumi.<stack>.yaml`. */
type Settings = automation.StackSettings;

// The tests' passphrase is empty. One salt for all stacks, because a key takes a million rounds.
const salt = Buffer.from("of tests");
let key: Promise<Buffer> | undefined;

/** Encrypts as Pulumi's passphrase provider does: AES-256-GCM, `v1:nonce:ciphertext with tag`. */
async function encrypt(text: string): Promise<string> {
  key ??= promisify(pbkdf2)("", salt, 1_000_000, 32, "sha256");
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", await key, nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

/** Settings without configuration, for the tests' passphrase. */
export async function emptySettings(): Promise<Settings> {
  return { encryptionSalt: `v1:${salt.toString("base64")}:${await encrypt("pulumi")}` };
}

/** The settings with these values set, or with undefined removed. */
export async function settingsWith(
  settings: Settings,
  projectName: string,
  config: Readonly<Record<string, ConfigInput | undefined>>,
): Promise<Settings> {
  const values = new Map(Object.entries(settings.config ?? {}));
  for (const [name, input] of Object.entries(config)) {
    const fullName = name.includes(":") ? name : `${projectName}:${name}`;
    if (input === undefined) {
      values.delete(fullName);
    } else if (typeof input === "string") {
      values.set(fullName, input);
    } else {
      values.set(fullName, input.secret === true ? { secure: await encrypt(input.value) } : input.value);
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
