/** A file backend in a temporary folder, and its state files read without asking the engine. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { automation } from "@pulumi/pulumi";
import { isolateEnvironment } from "./isolatedEnvironment.ts";

/** Where states live; two stacks may share one. */
export interface Backend {
  folder: string;
  /** For PULUMI_BACKEND_URL. */
  url: string;
  /** Removes the folder with every state in it. */
  dispose(): void;
}

/** A resource as the state file has it. */
export interface StateResource {
  urn: string;
  type: string;
  custom: boolean;
  id?: string;
  parent?: string;
  provider?: string;
  delete?: boolean;
  protect?: boolean;
  external?: boolean;
  pendingReplacement?: boolean;
  initErrors?: string[];
  dependencies?: string[];
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** An operation that was under way when the engine stopped. */
export interface PendingOperation {
  type: string;
  resource: StateResource;
}

/** A state file, read once. */
export class StateFile {
  readonly text: string;
  readonly pendingOperations: PendingOperation[];
  private readonly allResources: StateResource[];

  constructor(text: string) {
    this.text = text;
    const parsed = JSON.parse(text) as {
      checkpoint: {
        latest?: { resources?: StateResource[]; pending_operations?: PendingOperation[] };
      };
    };
    this.allResources = parsed.checkpoint.latest?.resources ?? [];
    this.pendingOperations = parsed.checkpoint.latest?.pending_operations ?? [];
  }

  /**
   * Every resource, the stack and the providers included.
   *
   * @param type only those whose type is this, or ends in it: `alicloud:HpcCluster`.
   */
  resources(type?: string): StateResource[] {
    return this.allResources.filter((resource) => type === undefined || resource.type.endsWith(type));
  }

  /** The one resource with this name or URN; throws when there is none, or more than one. */
  resource(nameOrUrn: string): StateResource {
    const matches = this.allResources.filter(
      ({ urn }) => urn === nameOrUrn || urn.slice(urn.lastIndexOf("::") + 2) === nameOrUrn,
    );
    const [only] = matches;
    if (only === undefined || matches.length > 1) {
      throw new Error(
        `${matches.length} resources named ${nameOrUrn} in the state; there are: ` +
          this.allResources.map(({ urn }) => urn).join(", "),
      );
    }
    return only;
  }
}

/** Makes an empty backend. */
export function createBackend(): Backend {
  const folder = mkdtempSync(path.join(isolateEnvironment(), "backend-"));
  mkdirSync(path.join(folder, ".pulumi"));
  return {
    folder,
    url: pathToFileURL(folder).href,
    dispose: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Where a stack's state file is, or will be. */
export function stateFile(backend: Backend, projectName: string, stackName: string): string {
  return path.join(backend.folder, ".pulumi/stacks", projectName, `${stackName}.json`);
}

/** The state file's text, read from the backend's folder. */
export function readStateText(backend: Backend, projectName: string, stackName: string): string {
  return readFileSync(stateFile(backend, projectName, stackName), "utf8");
}

/** What `pulumi stack history` would say of the last operation, but with `[secret]` for secret configuration. */
export function latestUpdate(
  backend: Backend,
  projectName: string,
  stackName: string,
): automation.UpdateSummary | undefined {
  const folder = path.join(backend.folder, ".pulumi/history", projectName, stackName);
  // <stack>-<nanoseconds>.history.json: the same number of digits for the next two centuries.
  const last = readdirSync(folder)
    .filter((name) => name.endsWith(".history.json"))
    .sort()
    .at(-1);
  if (last === undefined) {
    return undefined;
  }
  const update = JSON.parse(readFileSync(path.join(folder, last), "utf8")) as Omit<
    automation.UpdateSummary,
    "config" | "startTime" | "endTime"
  > & { config: Record<string, string | { secure: string }>; startTime: number; endTime: number };
  return {
    ...update,
    startTime: new Date(update.startTime * 1000),
    endTime: new Date(update.endTime * 1000),
    config: Object.fromEntries(
      Object.entries(update.config).map(([key, value]) => [
        key,
        typeof value === "string" ? { value, secret: false } : { value: "[secret]", secret: true },
      ]),
    ),
  };
}
