/**
 * What package.json and the schema say of where the package comes from. It all follows from the GitHub repository that makes the
 * releases, `repository` of package.json: only the release workflow sets it, to its own (scripts/writeRepository.ts). Without it
 * these fields are absent. An engine that knows a server for the plugin downloads it from there, so a build that no release has
 * must name none.
 */
import { PACKAGE } from "../provider/resourceTypes.ts";

/** package.json, as far as it is read here. */
export interface Manifest {
  version: string;
  repository?: { type: "git"; url: string };
}

/** The fields of package.json that a release has besides. */
export interface ReleaseFields {
  repository: { type: "git"; url: string };
  homepage: string;
  bugs: string;
  /** What the language host of Node.js tells the engine: which plugin a program with this package needs. */
  pulumi: { resource: true; name: string; version: string; server: string };
}

/** The fields of the schema that a release has besides. */
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
    throw new Error(`${JSON.stringify(repository)} is not a repository of GitHub: it is <owner>/<name>`);
  }
  const address = addressOf(repository);
  return {
    repository: { type: "git", url: `git+${address}.git` },
    homepage: `${address}#readme`,
    bugs: `${address}/issues`,
    pulumi: { resource: true, name: PACKAGE, version, server: serverOf(repository) },
  };
}

/** The fields that the schema has with this package.json: none without a repository. */
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
    // The picture of the owner's account.
    logoUrl: `https://github.com/${owner}.png`,
    pluginDownloadURL: serverOf(repository),
  };
}
