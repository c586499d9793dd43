/** The published picture shows the published numbers. test/docs checks the tables in docs/speed.md. */
import { expect, test } from "vitest";
import { Medians } from "./medians.ts";
import { pictureOf } from "./picture.ts";
import { readPublished } from "./published.ts";

test("docs/speed.svg shows the numbers of summary.json", async () => {
  await expect(pictureOf(new Medians(readPublished().growth.rows))).toMatchFileSnapshot(
    "../../docs/speed.svg",
  );
});
