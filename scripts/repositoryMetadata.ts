/**
 * The fields of package.json and of the schema that say where a release comes from. All are derived from `repository` in package.json,
 * which only the release workflow sets, to its own repository (scripts/writeRepository.ts). Without it these fields are absent: an
 * engine downloads the plugin from the server that they name, and only a release can be downloaded there.
 */
import { PACKAGE } from "../provider/resourceTypes.ts";

/** The fields of package.json that are read here. */
export interface Manifest {
  version: string;
  repository?: { type: "git"; url: string };
}

/** The fields of package.json that only a release has. */
export interface ReleaseFields {
  repository: { type: "git"; url: string };
  homepage: string;
  bugs: string;
  /** Read by the language host of Node.js, which tells the engine which plugin a program with this package needs. */
  pulumi: { resource: true; name: string; version: string; server: string };
}

/** The fields of the schema that only a release has. */
export interface SchemaOrigin {
  homepage?: string;
  repository?: string;
  publisher?: string;
  logoUrl?: string;
  pluginDownloadURL?: string;
}

const addressOf = (repository: string): string => `https://github.com/${repository}`;

/** Where the engine finds the archives that are attached to a release. */
const serverOf = (repository: string): string => `github://api.github.com/${repository}`;

/**
 * The fields that a release from this repository has in package.json.
 *
 * @param repository `<owner>/<name>` on GitHub
 * @throws if it is something else
 */
export function releaseFields(repository: string, { version }: Manifest): ReleaseFields {
  if (!/^[\w-]+\/[\w.-]+$/.test(repository)) {
    throw new Error(`${JSON.stringify(repository)} is not a GitHub repository: give <owner>/<name>`);
  }
  const address = addressOf(repository);
  return {
    repository: { type: "git", url: `git+${address}.git` },
    homepage: `${address}#readme`,
    bugs: `${address}/issues`,
    pulumi: { resource: true, name: PACKAGE, version, server: serverOf(repository) },
  };
}

/** The fields of the schema that follow from this package.json; none without a repository. */
export function schemaOrigin(manifest: Manifest): SchemaOrigin {
  if (manifest.repository === undefined) {
    return {};
  }
  const repository = /github\.com\/([^/]+\/.+)\.git$/.exec(manifest.repository.url)?.[1];
  if (repository === undefined) {
    throw new Error(
      `package.json: repository.url is ${manifest.repository.url}, but must be git+https://github.com/<owner>/<name>.git`,
    );
  }
  const owner = repository.split("/")[0]!;
  return {
    homepage: `${addressOf(repository)}#readme`,
    repository: addressOf(repository),
    publisher: owner,
    // The avatar of the owner.
    logoUrl: `https://github.com/${owner}.png`,
    pluginDownloadURL: serverOf(repository),
  };
}
