/** The published picture shows the published numbers. test/docs checks the table in docs/speed.md. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readPublished } from "./medians.ts";
import { pictureOf } from "./picture.ts";

test("docs/speed.svg shows the numbers of summary.json", async () => {
  const { medians } = readPublished(readFileSync(new URL("summary.json", import.meta.url), "utf8"));
  await expect(pictureOf(medians)).toMatchFileSnapshot("../../docs/speed.svg");
});
