import { XMLParser, XMLValidator } from "fast-xml-parser";

/** The lists in the answers; XML alone does not tell a list of one from a single value. */
const LISTS: ReadonlySet<string> = new Set(["HpcCluster", "Region"]);

/**
 * An answer in XML, as the service (or a gateway before it) sends when it overlooks `Format=JSON`, in the shape of its
 * JSON twin; undefined if the text is not such an answer.
 */
export function parseXmlAnswer(text: string): Record<string, unknown> | undefined {
  if (!/^\s*(<\?xml[^>]*\?>\s*)?<(Error|\w+Response)[\s>]/.test(text)) {
    return undefined;
  }
  if (XMLValidator.validate(text) !== true) {
    return undefined;
  }
  const parsed = new XMLParser({
    ignoreDeclaration: true,
    parseTagValue: false,
    // A description may begin or end with spaces, and numeric references stand for what XML cannot hold.
    trimValues: false,
    htmlEntities: true,
    // The white space between elements is no value.
    tagValueProcessor: (_name, text) => (/^\s*\n\s*$/.test(text) ? "" : text),
    isArray: (name) => LISTS.has(name),
  }).parse(text) as Record<string, unknown>;
  const answer = Object.values(parsed)[0];
  return typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>) : undefined;
}
