/** The markdown documents of the repository (llms.txt is one, by its format), and the links in them. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..");

const markdownIn = (folder: string): string[] =>
  readdirSync(path.join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => path.posix.join(folder, name));

/** Paths from the root of the repository. */
export const documents: readonly string[] = [...markdownIn("."), ...markdownIn("docs"), "llms.txt"];

/** A page of docs/. */
export interface Page {
  readonly file: string;
  readonly title: string;
  /** What the page is about. */
  readonly firstSentence: string;
}

/** Every page of docs/, by its name, without those for Pulumi's registry, which start with front matter. */
export function pages(): Page[] {
  return markdownIn("docs").flatMap((file) => {
    const text = readFileSync(path.join(root, file), "utf8");
    if (text.startsWith("---\n")) {
      return [];
    }
    const [, title, firstSentence] = /^# (.+)\n\n([^#`|<-][^]*?\.)\s/.exec(text) ?? [];
    if (title === undefined || firstSentence === undefined || firstSentence.includes("\n\n")) {
      throw new Error(`${file}: start with a title and a sentence that says what the page is about.`);
    }
    return [{ file, title, firstSentence: firstSentence.replaceAll("\n", " ") }];
  });
}

/** The targets of links and pictures that are not URLs. */
export function relativeLinks(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^\w+:/.test(target));
}

/** The anchors that GitHub gives to the headings. */
export function headingAnchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-"),
  );
}
