/** What would be published: the files and their sizes, and the public names with their signatures. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./documents.ts";

/** The declarations that the entry points export from; the others are not reachable by the package's users. */
const publicDeclarations = [
  "index",
  "plugin",
  "program/clusterRegistration",
  "program/hpcCluster",
  "program/pluginCluster",
  "program/pluginLookups",
  "program/pluginProvider",
  "program/provider",
  "program/lookups",
  "cluster/lookups",
  "program/violations",
  "account/configKeys",
  "audit/audit",
  "audit/report",
  "emulator/emulator",
  "emulator/accounts",
  "emulator/fault",
  "emulator/faultFields",
  "emulator/fields",
  "emulator/faultFile",
  "emulator/faultKinds",
  "emulator/faults",
  "emulator/holds",
  "emulator/offers",
  "emulator/requests",
  "emulator/store",
];

interface PackedFile {
  path: string;
  size: number;
}

function packedFiles(): PackedFile[] {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    shell: process.platform === "win32",
  });
  const packages = JSON.parse(output) as { files: PackedFile[] }[] | Record<string, { files: PackedFile[] }>;
  const [packed] = Object.values(packages);
  if (packed === undefined) {
    throw new Error("npm pack lists no package");
  }
  return packed.files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Sizes rounded, so that a change of a line needs no review of this list. */
function contents(): string {
  const files = packedFiles();
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1_000)} kB`;
  const lines = files.map(({ path: name, size }) =>
    // Prose grows with every release.
    /\.(js|json)$/.test(name)
      ? `${name}  ${size < 1_000 ? "<1 kB" : `≤${5 * Math.ceil(size / 5_000)} kB`}`
      : name,
  );
  return `${lines.join("\n")}\n\nunder ${kilobytes(50_000 * Math.ceil(total / 50_000))} in all\n`;
}

function publicInterface(): string {
  return publicDeclarations
    .map((name) => {
      const text = readFileSync(path.join(root, "dist", `${name}.d.ts`), "utf8");
      const code = text.replace(/\/\*\*[\s\S]*?\*\//g, "").replace(/^\s*\n/gm, "");
      return `// ${name}\n${code}`;
    })
    .join("\n");
}

/** What was reviewed, by the path of the file that has it, and what would be published now. */
export const reviewedFiles: Readonly<Record<string, () => string>> = {
  "test/consumer/packageContents.txt": contents,
  "test/consumer/publicInterface.txt": publicInterface,
};
