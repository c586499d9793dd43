import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { format, resolveConfig } from "prettier";
import { describe, expect, test } from "vitest";
import { type ConfigKey, configKeys } from "../../provider/account/configKeys.ts";
import { documents, headingAnchors, relativeLinks, root } from "./documents.ts";
import { commentsOf, withCurrentTables } from "./tables.ts";

describe.each(documents)("%s", (name) => {
  const file = path.join(root, name);
  const text = readFileSync(file, "utf8");

  test.runIf(text.includes("<!-- table: "))("has current tables", async () => {
    const formatting = { ...(await resolveConfig(file)), parser: "markdown" };
    await expect(await format(withCurrentTables(text), formatting)).toMatchFileSnapshot(file);
  });

  test("has no broken relative links", () => {
    const broken = relativeLinks(text).filter((link) => {
      const [target = "", anchor] = link.split("#");
      const linked = target === "" ? file : path.resolve(path.dirname(file), target);
      return (
        !existsSync(linked) ||
        (anchor !== undefined && !headingAnchors(readFileSync(linked, "utf8")).includes(anchor))
      );
    });
    expect(broken).toEqual([]);
  });
});

test("every configuration key is documented with its own default, unit and environment variable", () => {
  const comments = commentsOf("configKeys");
  for (const [key, row] of Object.entries<ConfigKey>(configKeys)) {
    const comment = comments.get(key);
    expect(comment, key).toMatch(/\.$/);
    if (row.default !== undefined) {
      expect(comment, key).toContain(`${row.unit}. Default: ${row.default.toLocaleString("en")}.`);
    }
    if (row.environment !== undefined) {
      const first = `\`${row.environment[0]}\`${row.environment.length > 1 ? ", …" : "."}`;
      expect(comment, key).toMatch(/ Environment[^:]*: /);
      expect(comment, key).toContain(`: ${first}`);
    }
  }
});
