import type { Action } from "../action.ts";

/** Returns whose key signed the call: the account itself, or an assumed role for an STS key. */
export const getCallerIdentity: Action = {
  name: "GetCallerIdentity",
  version: "2015-04-01",
  changes: false,
  prepare({ accountId, accessKeyId, isTemporary }) {
    return () =>
      isTemporary
        ? {
            AccountId: accountId,
            Arn: `acs:ram::${accountId}:assumed-role/emulator/${accessKeyId}`,
            IdentityType: "AssumedRoleUser",
            UserId: "emulator",
            PrincipalId: `emulator:${accessKeyId}`,
          }
        : {
            AccountId: accountId,
            Arn: `acs:ram::${accountId}:root`,
            IdentityType: "Account",
            UserId: accountId,
            PrincipalId: accountId,
          };
  },
};
