import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { type ConfigKey, configKeys } from "../../provider/account/configKeys.ts";
import { documents, headingAnchors, relativeLinks, root } from "../../scripts/documents.ts";
import { documentsWithTables, generatedFiles } from "../../scripts/generatedFiles.ts";
import { commentsOf } from "../../scripts/tables.ts";

const textOf = (name: string): string => readFileSync(path.join(root, name), "utf8");

test.each(Object.entries(generatedFiles))(
  "%s is as `npm run docs:tables` writes it",
  async (file, current) => {
    expect(textOf(file)).toBe(await current());
  },
);

test("README.md is short: details are pages of docs/", () => {
  expect(textOf("README.md").trim().split(/\s+/).length).toBeLessThanOrEqual(900);
});

test("the READMEs have the table of properties", () => {
  expect(documentsWithTables).toEqual(expect.arrayContaining(["README.md", "README.zh-CN.md"]));
});

test.each(documents)("%s has no broken relative links", (name) => {
  const file = path.join(root, name);
  const broken = relativeLinks(textOf(name)).filter((link) => {
    const [target = "", anchor] = link.split("#");
    const linked = target === "" ? file : path.resolve(path.dirname(file), target);
    return (
      !existsSync(linked) ||
      (anchor !== undefined && !headingAnchors(readFileSync(linked, "utf8")).includes(anchor))
    );
  });
  expect(broken).toEqual([]);
});

test.each([
  ["docs/unit-tests.md", "examples/unit-tests/index.ts"],
  ["docs/unit-tests.md", "examples/unit-tests/index.test.ts"],
  ["docs/policies.md", "examples/policy-pack/index.ts"],
  ["docs/emulator.md", "examples/testing/clusters.test.ts"],
])("%s shows %s as it is", (page, example) => {
  expect(textOf(page)).toContain(textOf(example));
});

test("every configuration key is documented with its own default, unit and environment variable", () => {
  const comments = commentsOf("configKeys");
  for (const [key, row] of Object.entries<ConfigKey>(configKeys)) {
    const comment = comments.get(key);
    expect(comment, key).toMatch(/[.…]$/);
    if (row.default !== undefined) {
      expect(comment, key).toContain(
        `${row.unit}, at most 2,000,000. Default: ${row.default.toLocaleString("en")}.`,
      );
    }
    if (row.environment !== undefined) {
      const first = `\`${row.environment[0]}\`${row.environment.length > 1 ? ", …" : "."}`;
      expect(comment, key).toMatch(/ Environment[^:]*: /);
      expect(comment, key).toContain(`: ${first}`);
    }
  }
});
