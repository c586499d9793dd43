// CommonJS, here and in dist/: only there a file knows its folder in both.
const { existsSync, readFileSync } = require("node:fs");
const path = require("node:path");

exports.pageFile = path.join(__dirname, "page.html");

/** The version of the package. */
exports.version = () => {
  const manifest = ["..", "../.."].map((up) => path.join(__dirname, up, "package.json")).find(existsSync);
  return JSON.parse(readFileSync(manifest, "utf8")).version;
};
