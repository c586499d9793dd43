import { randomBytes } from "node:crypto";
import { refusal, missingCommonParameter } from "./refusal.ts";

/** A key pair, or a temporary one with its security token. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Defaults to true. */
  readonly active?: boolean;
  /** Makes the key an STS key. Every request must have this token. */
  readonly securityToken?: string;
  /** When the STS key expires, in milliseconds since the epoch. Default: never. */
  readonly expiresAt?: number;
}

/** An account with its keys. Clusters and client tokens belong to the account, not to the key. */
export interface Account {
  readonly accountId: string;
  /** Default: one random key pair. */
  readonly keys?: readonly AccessKey[];
  /** Actions that RAM denies to this account. */
  readonly deniedActions?: readonly string[];
}

interface Holder {
  readonly accountId: string;
  readonly denied: Set<string>;
}
interface Issued {
  key: AccessKey;
  readonly holder: Holder;
}

/** The accounts and their keys. Tests change them at run time. */
export class Accounts {
  private readonly holders = new Map<string, Holder>();
  private readonly keys = new Map<string, Issued>();

  /** Adds an account and returns its first key. */
  add(account: Account): AccessKey {
    if (this.holders.has(account.accountId)) {
      throw new Error(`The account ${account.accountId} already exists.`);
    }
    this.holders.set(account.accountId, {
      accountId: account.accountId,
      denied: new Set(account.deniedActions ?? []),
    });
    const [first, ...others] = account.keys ?? [];
    const key = this.addKey(account.accountId, first ?? randomKey());
    for (const other of others) {
      this.addKey(account.accountId, other);
    }
    return key;
  }

  /** Adds a key to an account. Default: a random one. */
  addKey(accountId: string, key: AccessKey = randomKey()): AccessKey {
    if (key.accessKeyId === "" || key.accessKeySecret === "") {
      throw new Error("An access key must have an id and a secret.");
    }
    if (this.keys.has(key.accessKeyId)) {
      throw new Error(`The key ${key.accessKeyId} already exists.`);
    }
    this.keys.set(key.accessKeyId, { key, holder: this.holder(accountId) });
    return key;
  }

  /** Adds a random STS key, as AssumeRole does. */
  issueToken(accountId: string, expiresAt?: number): AccessKey & { readonly securityToken: string } {
    const key = {
      ...randomKey("STS.NT"),
      securityToken: `CAIS${randomBytes(48).toString("base64")}`,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
    this.addKey(accountId, key);
    return key;
  }

  /** Enables or disables a key. */
  setActive(accessKeyId: string, active: boolean): void {
    const issued = this.issued(accessKeyId);
    issued.key = { ...issued.key, active };
  }

  /** Changes when an STS key expires. */
  setExpiry(accessKeyId: string, expiresAt: number): void {
    const issued = this.issued(accessKeyId);
    issued.key = { ...issued.key, expiresAt };
  }

  /** Removes a key. */
  removeKey(accessKeyId: string): void {
    this.issued(accessKeyId);
    this.keys.delete(accessKeyId);
  }

  /** Denies actions to an account. */
  deny(accountId: string, ...actions: readonly string[]): void {
    for (const action of actions) {
      this.holder(accountId).denied.add(action);
    }
  }

  /** Allows denied actions again. */
  allow(accountId: string, ...actions: readonly string[]): void {
    for (const action of actions) {
      this.holder(accountId).denied.delete(action);
    }
  }

  /** The key with this id. Refusals: InvalidAccessKeyId.NotFound, .Inactive. */
  keyFor(accessKeyId: string): { readonly key: AccessKey; readonly accountId: string } {
    const issued = this.keys.get(accessKeyId);
    if (issued === undefined) {
      throw refusal("InvalidAccessKeyId.NotFound");
    }
    if (issued.key.active === false) {
      throw refusal("InvalidAccessKeyId.Inactive");
    }
    return { key: issued.key, accountId: issued.holder.accountId };
  }

  /** Refusal: Forbidden.RAM. */
  checkPermission(accountId: string, action: string): void {
    if (this.holder(accountId).denied.has(action)) {
      throw refusal("Forbidden.RAM");
    }
  }

  private holder(accountId: string): Holder {
    const holder = this.holders.get(accountId);
    if (holder === undefined) {
      throw new Error(`The account ${accountId} does not exist.`);
    }
    return holder;
  }

  private issued(accessKeyId: string): Issued {
    const issued = this.keys.get(accessKeyId);
    if (issued === undefined) {
      throw new Error(`The key ${accessKeyId} does not exist.`);
    }
    return issued;
  }
}

/** Refusals: MissingSecurityToken, InvalidSecurityToken.MismatchWithAccessKey, .Malformed, .Expired. */
export function checkSecurityToken(key: AccessKey, securityToken: string | undefined, now: number): void {
  if (key.securityToken === undefined) {
    if (securityToken !== undefined) {
      throw refusal("InvalidSecurityToken.MismatchWithAccessKey");
    }
    return;
  }
  if (securityToken === undefined) {
    throw missingCommonParameter("SecurityToken");
  }
  if (securityToken !== key.securityToken) {
    throw refusal("InvalidSecurityToken.Malformed");
  }
  if (key.expiresAt !== undefined && now >= key.expiresAt) {
    throw refusal("InvalidSecurityToken.Expired");
  }
}

/** A random key pair. */
export function randomKey(prefix = "LTAI5t"): AccessKey {
  return {
    accessKeyId: prefix + randomBytes(9).toString("hex"),
    accessKeySecret: randomBytes(15).toString("hex"),
  };
}
