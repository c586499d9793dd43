/** What an audit takes, and what it returns. */

/** What `pulumi stack export` has printed. */
export interface ExportedState {
  /** Where it comes from, for messages and commands: the name of a file, or of a stack. */
  readonly source: string;
  /** The JSON text. */
  readonly text: string;
  /** The name for `--stack` in commands, e.g. `organization/project/prod`. Default: the one in the state's URNs. */
  readonly stack?: string;
}

/** Something that could not be read. */
export interface Unseen {
  /** What: a state, a region, the list of regions, or the account. */
  readonly subject: string;
  /** Why. */
  readonly reason: string;
  /** What that means for the result. */
  readonly meaning: string;
}

/** A state that was read. */
export interface AuditedState {
  /** The file or stack that was given. */
  readonly source: string;
  /** The name of the stack; undefined if the state has no resources. */
  readonly stack: string | undefined;
  /** The name of the project; undefined if the state has no resources. */
  readonly project: string | undefined;
  /** How many clusters it holds. */
  readonly clusters: number;
}

/** A region that was read. */
export interface AuditedRegion {
  /** E.g. `cn-hangzhou`. */
  readonly regionId: string;
  /** How many clusters the account has there. */
  readonly clusters: number;
}

/** What an audit has found. It contains no credentials, and nothing that is a secret in a state. */
export interface AuditReport {
  /** 0: nothing was found. 1: there are findings. 2: something could not be read; there may be findings too. */
  readonly exitCode: 0 | 1 | 2;
  /** The account of the credentials; undefined if it is not known. */
  readonly accountId: string | undefined;
  /** The states that were read. */
  readonly states: readonly AuditedState[];
  /** The regions that were read. */
  readonly regions: readonly AuditedRegion[];
  /** What was found, by kind. */
  readonly findings: readonly Finding[];
  /** What could not be read. */
  readonly unseen: readonly Unseen[];
  /** What else is worth knowing, e.g. that a state holds no HPC cluster. */
  readonly notes: readonly string[];
}

/** What is wrong with a cluster or an entry. */
export type FindingKind =
  /** A cluster of the service that no state holds. */
  | "unheld"
  /** An entry whose cluster the service does not show. */
  | "gone"
  /** One cluster in two entries or two stacks: one of them can delete the cluster of the other. */
  | "shared"
  /** An entry whose cluster was created in another account than that of the credentials. */
  | "otherAccount"
  /** An entry whose cluster is in another region than the entry says. */
  | "otherRegion"
  /** An entry that has adopted its cluster, and is not protected: a destroy or a renaming deletes the cluster. */
  | "unprotected";

/** An entry of a state. */
export interface FindingEntry {
  /** The URN of the resource. */
  readonly urn: string;
  /** The file or stack that was given. */
  readonly source: string;
  /** The name for `--stack`. */
  readonly stack: string | undefined;
}

/** One thing that was found. */
export interface Finding {
  /** What is wrong. */
  readonly kind: FindingKind;
  /** The id of the cluster, `hpc-…`. */
  readonly hpcClusterId: string;
  /** The region of the cluster; of a cluster that the service does not show, the region in the entry. Undefined if that cannot be read. */
  readonly regionId: string | undefined;
  /** Undefined if it is a secret in the state. */
  readonly name: string | undefined;
  /** Of a cluster that no state holds: the time of its creation. The API reference has no such field, so usually undefined. */
  readonly createdAt?: string | undefined;
  /** Of a cluster that no state holds: how many instances it contains; `not known` if DescribeInstances failed, e.g. without permission. */
  readonly instances?: number | "not known";
  /** The entries that it is about. */
  readonly entries: readonly FindingEntry[];
  /** What was found, as a sentence. */
  readonly message: string;
  /** The commands that repair it. None for a cluster that no state holds, if a state could not be read. */
  readonly repairs: readonly Repair[];
}

/** A shell command, or a line of a program. The audit does not run it. */
export interface Repair {
  /** The command or line. `<stack>`, `<profile>` and `<name>` have to be filled in. */
  readonly command: string;
  /** What it is for, and what else has to be done. */
  readonly purpose: string;
}
