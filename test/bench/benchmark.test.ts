/** What the README shows of the benchmark is what was measured. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { pictureOf } from "./picture.ts";
import { type Summary, Summaries, readmeTable } from "./report.ts";

const textOf = (file: string): string => readFileSync(new URL(file, import.meta.url), "utf8");
const { summaries } = JSON.parse(textOf("benchmark.json")) as { summaries: Summary[] };

/** The cells, row by row; how wide they are is the formatter's affair. */
const cellsOf = (markdown: string): string[][] =>
  markdown
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^[|\s-]+$/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));

test.each(["README.md", "README.zh-CN.md"])("%s shows the measured numbers", (name) => {
  const [, section = ""] =
    /<!-- benchmark -->\n([\s\S]*?)<!-- \/benchmark -->/.exec(textOf(`../../${name}`)) ?? [];
  const [, ...shown] = cellsOf(section);
  const [, ...measured] = cellsOf(readmeTable(new Summaries(summaries)));
  expect(shown).toEqual(measured);
});

test("the picture shows the measured numbers", () => {
  expect(textOf("benchmark.svg")).toBe(pictureOf(new Summaries(summaries)));
});
