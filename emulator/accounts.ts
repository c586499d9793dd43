import { randomBytes } from "node:crypto";

import { refusal, missingCommonParameter } from "./refusal.ts";

/** A key pair, or a temporary one with its security token. */
export type AccessKey = {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Defaults to true. */
  readonly active?: boolean;
  /** Makes the key an STS key: every request must carry this token. */
  readonly securityToken?: string;
  /** Milliseconds since the epoch, by the server's clock; never when absent. */
  readonly expiresAt?: number;
};

/** An account with its keys. Clusters and client tokens belong to the account, not to the key. */
export type Account = {
  readonly accountId: string;
  /** One random key pair when absent. */
  readonly keys?: readonly AccessKey[];
  /** Actions that RAM denies to this account. */
  readonly deniedActions?: readonly string[];
};

type Holder = { readonly accountId: string; readonly denied: Set<string> };
type Issued = { key: AccessKey; readonly holder: Holder };

/** Every account of the service and every key, changeable at run time. */
export class Accounts {
  readonly #holders = new Map<string, Holder>();
  readonly #keys = new Map<string, Issued>();

  /** Adds an account and returns its first key. */
  add(account: Account): AccessKey {
    if (this.#holders.has(account.accountId)) {
      throw new Error(`There is an account ${account.accountId} already.`);
    }
    this.#holders.set(account.accountId, {
      accountId: account.accountId,
      denied: new Set(account.deniedActions ?? []),
    });
    const [first, ...others] = account.keys ?? [];
    const key = this.addKey(account.accountId, first ?? randomKey("LTAI5t"));
    for (const other of others) this.addKey(account.accountId, other);
    return key;
  }

  /** Gives an account one more key, a random one unless it is given. */
  addKey(accountId: string, key: AccessKey = randomKey("LTAI5t")): AccessKey {
    if (key.accessKeyId === "" || key.accessKeySecret === "") {
      throw new Error("An access key needs an id and a secret.");
    }
    if (this.#keys.has(key.accessKeyId)) {
      throw new Error(`There is a key ${key.accessKeyId} already.`);
    }
    this.#keys.set(key.accessKeyId, { key, holder: this.#holder(accountId) });
    return key;
  }

  /** Issues a random STS key, as AssumeRole would. */
  issueToken(accountId: string, expiresAt?: number): AccessKey & { readonly securityToken: string } {
    const key = {
      ...randomKey("STS.NT"),
      securityToken: `CAIS${randomBytes(48).toString("base64")}`,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
    this.addKey(accountId, key);
    return key;
  }

  /** Switches a key off or on. */
  setActive(accessKeyId: string, active: boolean): void {
    const issued = this.#issued(accessKeyId);
    issued.key = { ...issued.key, active };
  }

  /** Moves the end of an STS key's life. */
  setExpiry(accessKeyId: string, expiresAt: number): void {
    const issued = this.#issued(accessKeyId);
    issued.key = { ...issued.key, expiresAt };
  }

  /** Takes a key away: requests signed with it are from nobody we know. */
  removeKey(accessKeyId: string): void {
    this.#issued(accessKeyId);
    this.#keys.delete(accessKeyId);
  }

  /** Denies actions to an account. */
  deny(accountId: string, ...actions: readonly string[]): void {
    for (const action of actions) this.#holder(accountId).denied.add(action);
  }

  /** Allows what was denied. */
  allow(accountId: string, ...actions: readonly string[]): void {
    for (const action of actions) this.#holder(accountId).denied.delete(action);
  }

  /** The key of a request: InvalidAccessKeyId.NotFound, .Inactive. */
  keyFor(accessKeyId: string): { readonly key: AccessKey; readonly accountId: string } {
    const issued = this.#keys.get(accessKeyId);
    if (issued === undefined) throw refusal("InvalidAccessKeyId.NotFound");
    if (issued.key.active === false) throw refusal("InvalidAccessKeyId.Inactive");
    return { key: issued.key, accountId: issued.holder.accountId };
  }

  /** Forbidden.RAM. */
  checkPermission(accountId: string, action: string): void {
    if (this.#holder(accountId).denied.has(action)) throw refusal("Forbidden.RAM");
  }

  #holder(accountId: string): Holder {
    const holder = this.#holders.get(accountId);
    if (holder === undefined) throw new Error(`There is no account ${accountId}.`);
    return holder;
  }

  #issued(accessKeyId: string): Issued {
    const issued = this.#keys.get(accessKeyId);
    if (issued === undefined) throw new Error(`There is no key ${accessKeyId}.`);
    return issued;
  }
}

/** MissingSecurityToken, InvalidSecurityToken.MismatchWithAccessKey, .Malformed, .Expired. */
export function checkSecurityToken(key: AccessKey, securityToken: string | undefined, now: number): void {
  if (key.securityToken === undefined) {
    if (securityToken !== undefined) throw refusal("InvalidSecurityToken.MismatchWithAccessKey");
    return;
  }
  if (securityToken === undefined) throw missingCommonParameter("SecurityToken");
  if (securityToken !== key.securityToken) throw refusal("InvalidSecurityToken.Malformed");
  if (key.expiresAt !== undefined && now >= key.expiresAt) throw refusal("InvalidSecurityToken.Expired");
}

function randomKey(prefix: string): AccessKey {
  return {
    accessKeyId: prefix + randomBytes(9).toString("hex"),
    accessKeySecret: randomBytes(15).toString("hex"),
  };
}
