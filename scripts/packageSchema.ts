/**
 * The Pulumi package schema of the plugin, provider/plugin/schema.json: from the tables and the documentation comments of the
 * code. `npm run docs:tables` writes it.
 */
import { readFileSync } from "node:fs";
import {
  assumeRoleFields,
  assumeRoleWithOidcFields,
  type ConfigKey,
  configKeys,
  endpointsFields,
  type Fields,
} from "../provider/account/configKeys.ts";
import { type Property, properties } from "../provider/cluster/properties.ts";
import { clusterTypes, officialType, PACKAGE } from "../provider/resourceTypes.ts";
import { type Docstring, documented } from "./docstrings.ts";
import { type Manifest, type SchemaOrigin, schemaOrigin } from "./repositoryMetadata.ts";

const CLUSTER = "program/hpcCluster.ts";
const PLUGIN_CLUSTER = "program/pluginCluster.ts";
const LOOKUPS = "program/lookups.ts";
const LOOKUP_RESULTS = "cluster/lookups.ts";

type TypeSpec =
  | { type: "string" | "number" | "boolean" }
  | { type: "array"; items: TypeSpec }
  | { $ref: `#/types/${string}` };
export type PropertySpec = TypeSpec & {
  description: string;
  secret?: true;
  replaceOnChanges?: true;
};
export type PropertySpecs = Record<string, PropertySpec>;
/** A described object; `required` only where some property is. */
interface ObjectSpec {
  description: string;
  type: "object";
  properties: PropertySpecs;
  required?: string[];
}

interface ResourceSpec extends ObjectSpec {
  inputProperties: PropertySpecs;
  stateInputs: Omit<ObjectSpec, "required">;
  listInputs: ObjectSpec;
  aliases: { type: string }[];
}
interface FunctionSpec {
  description: string;
  inputs?: ObjectSpec;
  outputs: ObjectSpec;
}
/** A package schema, as far as this package uses the format: https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/ */
interface PackageSpec extends SchemaOrigin {
  name: string;
  version: string;
  displayName: string;
  description: string;
  keywords: string[];
  license: string;
  language: Record<string, object>;
  config: { variables: PropertySpecs };
  types: Record<string, ObjectSpec>;
  provider: { description: string; type: "object"; inputProperties: PropertySpecs };
  resources: Record<string, ResourceSpec>;
  functions: Record<string, FunctionSpec>;
}

/** package.json, as far as the schema repeats it. */
interface PackageManifest extends Manifest {
  description: string;
  license: string;
  keywords: string[];
}

/** This repository's package.json. */
export function readManifest(): PackageManifest {
  return JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as PackageManifest;
}

const token = (name: string): string => `${PACKAGE}:index:${name}`;
const reference = (name: string): TypeSpec => ({ $ref: `#/types/${token(name)}` });

/** The named types of the structured configuration keys, and the table of each. */
const structuredTypes: Readonly<Record<string, { key: string; fields: Fields; variable: string }>> = {
  AssumeRole: { key: "assumeRole", fields: assumeRoleFields, variable: "assumeRoleFields" },
  AssumeRoleWithOidc: {
    key: "assumeRoleWithOidc",
    fields: assumeRoleWithOidcFields,
    variable: "assumeRoleWithOidcFields",
  },
  Endpoints: { key: "endpoints", fields: endpointsFields, variable: "endpointsFields" },
};

/**
 * The schema.
 *
 * @param manifest package.json
 *
 * Without `defaultInfo`: an SDK would read the environment and store what it finds in the state; the plugin reads the environment
 * itself.
 */
export function packageSchema(manifest: PackageManifest = readManifest()): PackageSpec {
  const { version, description, license, keywords } = manifest;
  const configuration = configurationProperties();
  const origin = schemaOrigin(manifest);
  return {
    name: PACKAGE,
    version,
    displayName: "Alibaba Cloud ECS HPC clusters",
    description,
    keywords: [...keywords.filter((word) => word !== "dynamic-provider"), "category/cloud", "kind/native"],
    license,
    ...origin,
    language: {
      // What `pulumi import` prints. Programs in TypeScript need no generated SDK: this package has the classes.
      nodejs: { packageName: "pulumi-alicloud-hpc/plugin", respectSchemaVersion: true },
      python: {
        packageName: "pulumi_alicloud_hpc",
        pyproject: { enabled: true },
        respectSchemaVersion: true,
      },
      go: {
        importBasePath: goImportPath(origin),
        generateResourceContainerTypes: true,
        respectSchemaVersion: true,
      },
      csharp: {
        namespaces: { [PACKAGE]: "AlicloudHpc" },
        packageReferences: { Pulumi: "3.*" },
        respectSchemaVersion: true,
      },
    },
    config: { variables: configuration },
    types: {
      ...Object.fromEntries(
        Object.entries(structuredTypes).map(([name, { fields, variable }]) => [
          token(name),
          structuredType(documented("program/provider.ts", name), fields, variable),
        ]),
      ),
      [token("FoundHpcCluster")]: declaredObject(LOOKUP_RESULTS, "GetHpcClusterResult"),
      [token("Region")]: declaredObject(LOOKUP_RESULTS, "Region"),
      [token("HpcClusterInstance")]: declaredObject(LOOKUP_RESULTS, "HpcClusterInstance"),
      [token("SccInstanceType")]: declaredObject(LOOKUP_RESULTS, "SccInstanceType"),
    },
    provider: {
      description:
        "An account and a region. What the program leaves out is read from the environment, not from the stack configuration.",
      type: "object",
      inputProperties: configuration,
    },
    resources: { [clusterTypes.plugin]: clusterResource() },
    functions: {
      [token("getHpcCluster")]: lookup(
        "getHpcCluster",
        declaredObject(LOOKUP_RESULTS, "GetHpcClusterArgs"),
        declaredObject(LOOKUP_RESULTS, "GetHpcClusterResult"),
      ),
      [token("getHpcClusters")]: lookup(
        "getHpcClusters",
        declaredObject(LOOKUP_RESULTS, "GetHpcClustersArgs"),
        listResult("GetHpcClustersResult", "clusters", "FoundHpcCluster"),
      ),
      [token("getRegions")]: lookup(
        "getRegions",
        undefined,
        listResult("GetRegionsResult", "regions", "Region"),
      ),
      [token("getHpcClusterInstances")]: lookup(
        "getHpcClusterInstances",
        declaredObject(LOOKUP_RESULTS, "GetHpcClusterInstancesArgs"),
        listResult("GetHpcClusterInstancesResult", "instances", "HpcClusterInstance"),
      ),
      [token("getSccInstanceTypes")]: lookup(
        "getSccInstanceTypes",
        declaredObject(LOOKUP_RESULTS, "GetSccInstanceTypesArgs"),
        listResult("GetSccInstanceTypesResult", "instanceTypes", "SccInstanceType"),
      ),
    },
  };
}

/** Go's module is the folder sdk/go of the repository. */
function goImportPath({ repository }: SchemaOrigin): string {
  return `${repository?.replace("https://", "") ?? "pulumi-alicloud-hpc"}/sdk/go/alicloudhpc`;
}

function clusterResource(): ResourceSpec {
  const outputs = withReplacements(declaredObject("program/clusterRegistration.ts", "ClusterOutputs"));
  const inputs = withReplacements(declaredObject(CLUSTER, "HpcClusterArgs"));
  const undocumented = Object.keys(properties).filter((name) => !(name in inputs.properties));
  if (undocumented.length > 0) {
    throw new Error(`HpcClusterArgs does not declare ${undocumented.join(", ")}.`);
  }
  return {
    ...outputs,
    description: description(documented(PLUGIN_CLUSTER, "HpcCluster")),
    // No input is required: the plugin knows a default of each.
    inputProperties: withPluginDescriptions(inputs.properties),
    // All outputs: an SDK declares only the state inputs of a cluster that it reads.
    stateInputs: {
      description: description(documented(CLUSTER, "HpcClusterGetArgs")),
      type: "object",
      properties: { ...outputs.properties, ...declaredObject(CLUSTER, "HpcClusterGetArgs").properties },
    },
    listInputs: listInputs(),
    // A stack may come from the dynamic provider, or from @pulumi/alicloud.
    aliases: [{ type: clusterTypes.dynamic }, { type: officialType }],
  };
}

/** What `pulumi do … list` takes: the arguments of the lookup, without the ids. */
function listInputs(): ObjectSpec {
  const { ids, ...inputs } = declaredObject(LOOKUP_RESULTS, "GetHpcClustersArgs").properties;
  if (ids === undefined) {
    throw new Error("GetHpcClustersArgs has no ids, which List does not take.");
  }
  return { description: "The clusters to list: those of a region.", type: "object", properties: inputs };
}

/** The plugin's arguments are those of the dynamic provider; a few are documented again because they differ. */
function withPluginDescriptions(inputs: PropertySpecs): PropertySpecs {
  const { members } = documented(PLUGIN_CLUSTER, "HpcClusterArgs");
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => {
      const own = members.get(name);
      return [name, own === undefined ? input : { ...input, description: description(own) }];
    }),
  );
}

function withReplacements(object: ObjectSpec): ObjectSpec {
  const rows: Readonly<Record<string, Property>> = properties;
  return {
    ...object,
    properties: Object.fromEntries(
      Object.entries(object.properties).map(([name, property]) => [
        name,
        rows[name]?.onChange === "replace" ? { ...property, replaceOnChanges: true } : property,
      ]),
    ),
  };
}

function lookup(name: string, inputs: ObjectSpec | undefined, outputs: ObjectSpec): FunctionSpec {
  return {
    description: description(documented(LOOKUPS, name)),
    ...(inputs === undefined ? {} : { inputs }),
    outputs,
  };
}

/** A function of a plugin returns an object, so the list that a lookup returns is a property of one. */
function listResult(declaration: string, property: string, element: string): ObjectSpec {
  const text = description(documented(LOOKUP_RESULTS, declaration));
  return {
    description: text,
    type: "object",
    properties: { [property]: { type: "array", items: reference(element), description: text } },
    required: [property],
  };
}

/** An interface or a class of the program's side. */
function declaredObject(file: string, name: string): ObjectSpec {
  const declaration = documented(file, name);
  const members = [...declaration.members];
  return objectSpec(
    description(declaration),
    Object.fromEntries(
      members.map(([member, docstring]) => [
        member,
        {
          ...declaredType(docstring.type),
          description: description(docstring),
        },
      ]),
    ),
    members.flatMap(([member, { isOptional, type }]) =>
      isOptional || /\bundefined\b/.test(type) ? [] : [member],
    ),
  );
}

function objectSpec(text: string, specs: PropertySpecs, required: string[]): ObjectSpec {
  return {
    description: text,
    type: "object",
    properties: specs,
    ...(required.length > 0 ? { required } : {}),
  };
}

function declaredType(type: string): TypeSpec {
  const inner = type.replace(/^pulumi\.(?:Input|Output)<(.*)>$/, "$1").replace(/\s*\|\s*undefined$/, "");
  switch (inner) {
    case "string":
      return { type: "string" };
    case "string[]":
      return { type: "array", items: { type: "string" } };
    default:
      throw new Error(`The schema has no rule for the type ${type}.`);
  }
}

function configurationProperties(): PropertySpecs {
  const { members } = documented("account/configKeys.ts", "configKeys");
  return Object.fromEntries(
    Object.entries<ConfigKey>(configKeys).map(([key, row]) => [
      key,
      {
        ...typeOfKey(key, row),
        description: withEnvironment(description(members.get(key) ?? { text: "" }), row),
        ...(row.isSecret ? { secret: true } : {}),
      },
    ]),
  );
}

function typeOfKey(key: string, { type }: ConfigKey): TypeSpec {
  if (type === "string" || type === "number" || type === "boolean") {
    return { type };
  }
  if (!("fields" in type) && !("listOf" in type)) {
    // In any case of its letters, which an enumeration would refuse.
    return { type: "string" };
  }
  const name = Object.entries(structuredTypes).find(([, structured]) => structured.key === key)?.[0];
  if (name === undefined) {
    throw new Error(`The schema has no type for the fields of the configuration key ${key}.`);
  }
  return "listOf" in type ? { type: "array", items: reference(name) } : reference(name);
}

/** A comment names the first environment variable; the schema names all, and the words of which the value is one. */
function withEnvironment(text: string, { environment, type }: ConfigKey): string {
  const words = Array.isArray(type) ? ` One of ${(type as string[]).map(code).join(", ")}.` : "";
  const all = environment?.map(code).join(", ");
  return (all === undefined ? text : text.replace(/( Environment[^:]*: ).*$/, `$1${all}.`)) + words;
}

function structuredType(docstring: Docstring, fields: Fields, variable: string): ObjectSpec {
  const { members } = documented("account/configKeys.ts", variable);
  const entries = Object.entries(fields);
  return objectSpec(
    description(docstring),
    Object.fromEntries(
      entries.map(([name, { type }]) => [
        name,
        { type, description: description(members.get(name) ?? { text: "" }) },
      ]),
    ),
    entries.flatMap(([name, { isRequired }]) => (isRequired ? [name] : [])),
  );
}

const code = (text: string): string => `\`${text}\``;

/** A comment as the description of every language: without programs in TypeScript, with the plugin's own configuration keys. */
function description({ text, throws }: Docstring): string {
  const paragraphs = text.split("\n\n").filter((paragraph) => !paragraph.startsWith("```"));
  const all = [...paragraphs, throws === undefined ? "" : `Fails ${throws}.`];
  const whole = all
    .filter((paragraph) => paragraph !== "")
    .join("\n\n")
    .replaceAll("`alicloud:", `\`${PACKAGE}:`);
  if (whole === "") {
    throw new Error("Everything in the schema needs a description: a documentation comment is missing.");
  }
  return whole;
}
