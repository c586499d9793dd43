/**
 * Bundles the plugin, after tsc: one file starts faster than two hundred, and needs no package beside it, also none of
 * `@pulumi/pulumi`.
 */
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { build, type BuildOptions, type Plugin } from "esbuild";

const folder = "dist/plugin";
rmSync(folder, { recursive: true, force: true });
const options: BuildOptions = {
  platform: "node",
  target: "node22",
  format: "cjs",
  outdir: folder,
  legalComments: "none",
};
await build({ ...options, entryPoints: ["provider/plugin/main.ts"], bundle: true });
// npm makes only its link to a package's executables executable, not what `npm pack` has packed.
chmodSync(path.join(folder, "main.js"), 0o755);
/**
 * httpx prints keys, tokens and signatures with DEBUG=*. `silenceHttpx` looks for its `debug` in the folders of installed packages;
 * in the bundle, `debug` itself prints nothing.
 */
const silentHttpx: Plugin = {
  name: "silent-httpx",
  setup(building) {
    const contents: Readonly<Record<string, string>> = {
      debug: "module.exports = () => () => undefined;",
      silenceHttpx: "exports.silenceHttpx = () => undefined;",
    };
    building.onResolve({ filter: /(^|\/)(debug|silenceHttpx\.ts)$/ }, ({ path: name }) => ({
      path: path.posix.basename(name, ".ts"),
      namespace: "silent-httpx",
    }));
    building.onLoad({ filter: /./, namespace: "silent-httpx" }, ({ path: name }) => ({
      contents: contents[name],
    }));
  },
};
const { metafile } = await build({
  ...options,
  entryPoints: ["provider/plugin/server.ts"],
  bundle: true,
  plugins: [silentHttpx],
  metafile: true,
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
});
if (!("silent-httpx:silenceHttpx" in metafile.inputs)) {
  throw new Error("the bundle looks for installed packages: nothing imports a file silenceHttpx");
}
copyFileSync("provider/plugin/schema.json", path.join(folder, "schema.json"));
writeFileSync(path.join(folder, "THIRD_PARTY_LICENSES.txt"), licencesOf(Object.keys(metafile.inputs)));

/** The licences of the bundled packages, which have to go with them. */
function licencesOf(files: string[]): string {
  const packages = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  return [...packages]
    .sort()
    .map((each) => {
      const { name, version, license } = JSON.parse(
        readFileSync(path.join(each, "package.json"), "utf8"),
      ) as Record<string, string>;
      const text = readdirSync(each)
        .filter((file) => /^(licen[cs]e|notice)/i.test(file))
        .map((file) => readFileSync(path.join(each, file), "utf8"));
      return [`${name} ${version} (${license})`, ...text].join("\n\n");
    })
    .join(`\n\n${"-".repeat(80)}\n\n`);
}
