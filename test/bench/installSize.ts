/** How much disk an installation of a contestant takes. */
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";

interface Manifest {
  dependencies?: Record<string, string>;
}

/**
 * The bytes of a package and of all its dependencies, as `npm ci --omit=dev` installs them. Every program needs `except`, and so
 * it does not count.
 */
export function installedBytes(folder: string, except: readonly string[] = ["@pulumi/pulumi"]): number {
  return [...installedFolders(folder, except)]
    .map((one) => bytesOf(one))
    .reduce((total, bytes) => total + bytes, 0);
}

/** The folders of a package and of its dependencies, each once. */
function installedFolders(folder: string, except: readonly string[], found = new Set<string>()): Set<string> {
  const real = realpathSync(folder);
  if (found.has(real)) {
    return found;
  }
  found.add(real);
  const { dependencies = {} } = JSON.parse(readFileSync(path.join(real, "package.json"), "utf8")) as Manifest;
  for (const name of Object.keys(dependencies).filter((one) => !except.includes(one))) {
    installedFolders(findPackage(real, name), except, found);
  }
  return found;
}

/** As Node.js looks for it, but without the package's `exports`. */
function findPackage(from: string, name: string): string {
  for (let at = from; ; at = path.dirname(at)) {
    const folder = path.join(at, "node_modules", name);
    if (existsSync(path.join(folder, "package.json"))) {
      return folder;
    }
    if (at === path.dirname(at)) {
      throw new Error(`${name} is not installed for ${from}`);
    }
  }
}

/** Without the packages in its own node_modules, which are counted as dependencies. */
function bytesOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules")
    .map((entry) => {
      const file = path.join(folder, entry.name);
      return entry.isDirectory() ? bytesOf(file) : entry.isFile() ? statSync(file).size : 0;
    })
    .reduce((total, bytes) => total + bytes, 0);
}
