import { isObject, nonEmptyString, parseJson } from "../ecs/json.ts";
import { clusterTypes, officialType } from "../resourceTypes.ts";
import type { ExportedState } from "./report.ts";

/** Which provider an entry belongs to: one of this package's two, or `@pulumi/alicloud`. */
export type Host = "dynamic" | "plugin" | "official";

/** An HPC cluster in a state, without the values that are secrets there. */
export interface Entry {
  readonly urn: string;
  readonly host: Host;
  readonly hpcClusterId: string;
  readonly name: string | undefined;
  /** For `@pulumi/alicloud`: the region of the provider. */
  readonly regionId: string | undefined;
  readonly accountId: string | undefined;
  readonly isProtected: boolean;
  readonly isAdopted: boolean;
  /** It was replaced, and the next `pulumi up` deletes it. */
  readonly isBeingDeleted: boolean;
}

/** A cluster that an interrupted run was creating. */
export interface PendingCreation {
  readonly urn: string;
  readonly name: string | undefined;
  readonly regionId: string | undefined;
}

/** What a state says about HPC clusters. */
export interface StackState {
  readonly source: string;
  /** The name for `--stack`; undefined if the state has no resources. */
  readonly stack: string | undefined;
  readonly project: string | undefined;
  readonly entries: readonly Entry[];
  readonly creations: readonly PendingCreation[];
}

/** The newest version of the format that is known. Versions up to 4 only add fields. */
const NEWEST_VERSION = 4;

/** The key that marks a secret, with its ciphertext or its plain text beside it (the engine's `resource/sig`). */
const SECRET_KEY = "4dabf18193072939515e22adb298388d";

const hosts = new Map<unknown, Host>([
  [clusterTypes.dynamic, "dynamic"],
  [clusterTypes.plugin, "plugin"],
  [officialType, "official"],
]);

/** @throws if the text is not a state; the message never contains a part of it */
export function readExportedState({ source, text, stack }: ExportedState): StackState {
  const deployment = deploymentOf(text);
  const resources = listOf(deployment, "resources");
  const operations = listOf(deployment, "pending_operations").flatMap(({ type, resource }) =>
    type === "creating" && isObject(resource) ? [resource] : [],
  );
  const urn = [...resources, ...operations]
    .map((each) => each["urn"])
    .find((each) => typeof each === "string");
  const [, ownStack, project] = /^urn:pulumi:([^:]+)::([^:]+)::/.exec(urn ?? "") ?? [];
  const regions = providerRegions(resources);
  return {
    source,
    stack: stack ?? ownStack,
    project,
    // An external resource was only read. One that waits for its replacement has been deleted already.
    entries: resources
      .filter(({ type, external, pendingReplacement }) => hosts.has(type) && !external && !pendingReplacement)
      .map((resource) => entryOf(resource, regions)),
    creations: operations
      .filter(({ type }) => hosts.has(type))
      .map((resource) => ({
        urn: requiredText(resource, "urn"),
        name: nonEmptyString(propertiesOf(resource, "inputs"), "name"),
        regionId: nonEmptyString(propertiesOf(resource, "inputs"), "regionId"),
      })),
  };
}

type Json = Record<string, unknown>;

function deploymentOf(text: string): Json {
  if (text.trim() === "") {
    throw new Error("it is empty");
  }
  const exported = parseJson(text);
  if (exported === undefined) {
    throw new Error(
      "it is not JSON (a file that is encrypted or compressed has to be decrypted or unpacked first)",
    );
  }
  const { version, deployment } = isObject(exported) ? exported : {};
  if (typeof version === "number" && version > NEWEST_VERSION) {
    throw new Error(
      `a newer engine wrote it: its format has version ${version}, and this package reads versions up to ${NEWEST_VERSION}; update pulumi-alicloud-hpc`,
    );
  }
  if (typeof version !== "number" || !isObject(deployment)) {
    throw new Error("it is not an exported state: it has no version and deployment");
  }
  if (SECRET_KEY in deployment || "ciphertext" in deployment) {
    throw new Error("it is encrypted as a whole; decrypt it first");
  }
  return deployment;
}

/** A list of objects, which the engine leaves out if it is empty. */
function listOf(deployment: Json, key: string): Json[] {
  const list = deployment[key] ?? [];
  if (!Array.isArray(list) || !list.every(isObject)) {
    throw new Error(`its ${key} are not a list of objects`);
  }
  return list;
}

function entryOf(resource: Json, regions: ReadonlyMap<string, string>): Entry {
  const inputs = propertiesOf(resource, "inputs");
  const outputs = propertiesOf(resource, "outputs");
  return {
    urn: requiredText(resource, "urn"),
    host: hosts.get(resource["type"])!,
    hpcClusterId: requiredText(resource, "id"),
    name: nonEmptyString(outputs, "name"),
    regionId: nonEmptyString(outputs, "regionId") ?? regions.get(nonEmptyString(resource, "provider") ?? ""),
    accountId: nonEmptyString(outputs, "__accountId"),
    isProtected: resource["protect"] === true,
    // It may be a secret: only whether there is a value matters.
    isAdopted: (inputs["adopt"] ?? "") !== "",
    isBeingDeleted: resource["delete"] === true,
  };
}

/** The region of each provider of `@pulumi/alicloud`, by the reference to it in the resources. */
function providerRegions(resources: readonly Json[]): Map<string, string> {
  return new Map(
    resources.flatMap((resource) => {
      const region = nonEmptyString(propertiesOf(resource, "inputs"), "region");
      const { type, urn, id } = resource;
      const isProvider =
        type === "pulumi:providers:alicloud" && typeof urn === "string" && typeof id === "string";
      return isProvider && region !== undefined ? [[`${urn}::${id}`, region]] : [];
    }),
  );
}

function propertiesOf(resource: Json, key: "inputs" | "outputs"): Json {
  const properties = resource[key];
  return isObject(properties) ? properties : {};
}

function requiredText(resource: Json, key: string): string {
  const text = nonEmptyString(resource, key);
  if (text === undefined) {
    throw new Error(`it has an HPC cluster without ${key === "id" ? "an id" : "a URN"}`);
  }
  return text;
}
