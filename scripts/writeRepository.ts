/** `npm run repository -- <owner>/<name>` writes into package.json that releases come from there; `docs:tables` then into the schema. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { root } from "./documents.ts";
import { type Manifest, releaseFields } from "./repositoryMetadata.ts";

const file = path.join(root, "package.json");
const manifest = JSON.parse(readFileSync(file, "utf8")) as Manifest;
const fields = releaseFields(process.argv[2] ?? "", manifest);
writeFileSync(file, `${JSON.stringify({ ...manifest, ...fields }, undefined, 2)}\n`);
