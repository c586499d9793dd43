/** The plugin as one executable and its archive, and servers that offer the archive as a release does. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createSecureServer } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import path from "node:path";
import { putIntoCache, repositoryRoot } from "../engine/engine.ts";
import type { Certificate } from "../e2e/account/selfSignedCertificate.ts";
import { runTool } from "./sdkTools.ts";

/** The package that the tests use: the executable has its bundle. */
export const installedPackage = path.join(repositoryRoot, "node_modules/pulumi-alicloud-hpc");

const script = path.join(repositoryRoot, "scripts/buildPlugin.ts");

/** What the script has built. */
export interface StandalonePlugin {
  /** Its path. */
  executable: string;
  /** The file name of the archive, and what is in it. */
  archive: string;
  content: Buffer;
  /** The archive's, in hexadecimal digits, from the file beside it. */
  sha256: string;
}

/** Builds the executable of the installed package, unless it has been built from the same bundle by the same script and Node.js. */
export async function standalonePlugin(): Promise<StandalonePlugin> {
  const hash = createHash("sha256").update(process.version);
  for (const input of [script, ...["server.js", "schema.json"].map((file) => bundleFile(file))]) {
    hash.update(readFileSync(input));
  }
  const cache = path.join(repositoryRoot, "node_modules/.cache/executable");
  const folder = path.join(cache, hash.digest("hex").slice(0, 16));
  if (!existsSync(folder)) {
    // Each has 150 MB.
    rmSync(cache, { recursive: true, force: true });
    mkdirSync(cache, { recursive: true });
    const fill = async (out: string): Promise<void> => {
      const args = ["--package", installedPackage, "--out", out, "--gzip-level", "1"];
      await runTool(process.execPath, [script, ...args]);
    };
    await putIntoCache(folder, fill, async (filled) => archiveIn(filled));
  }
  const archive = archiveIn(folder);
  return {
    executable: path.join(folder, "pulumi-resource-alicloud-hpc"),
    archive,
    content: readFileSync(path.join(folder, archive)),
    sha256: readFileSync(path.join(folder, `${archive}.sha256`), "utf8").split(" ")[0]!,
  };
}

const bundleFile = (name: string): string => path.join(installedPackage, "dist/plugin", name);

function archiveIn(folder: string): string {
  const archive = readdirSync(folder).find((name) => name.endsWith(".tar.gz"));
  if (archive === undefined) {
    throw new Error(`${folder} has no archive`);
  }
  return archive;
}

/** A server of files on the loopback interface. */
export interface ArchiveServer extends AsyncDisposable {
  url: string;
  /** The paths that have been asked for. */
  requests: string[];
}

/**
 * Serves these files, with their lengths.
 *
 * @param files by their names
 * @param certificate for HTTP/2, the protocol of GitHub's releases; without one the server speaks HTTP/1.1
 */
export async function serveArchives(
  files: Readonly<Record<string, Buffer>>,
  certificate?: Certificate,
): Promise<ArchiveServer> {
  const requests: string[] = [];
  const answer = (
    request: { url?: string },
    response: {
      writeHead: (status: number, headers: Record<string, number>) => unknown;
      end: (body: Buffer) => unknown;
    },
  ): void => {
    const name = request.url ?? "";
    requests.push(name);
    const file = files[name.slice(1)];
    response.writeHead(file === undefined ? 404 : 200, { "content-length": file?.length ?? 0 });
    response.end(file ?? Buffer.alloc(0));
  };
  const server: Server =
    certificate === undefined ? createServer(answer) : createSecureServer(certificate, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
