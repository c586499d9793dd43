import { XMLParser, XMLValidator } from "fast-xml-parser";

/**
 * Parses an answer in XML, which the service or a gateway sends where it ignores `Format=JSON`.
 *
 * @returns the answer in the shape of its JSON form; undefined if the text is not such an answer
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
    // A description may begin or end with spaces, and may contain numeric references.
    trimValues: false,
    htmlEntities: true,
    // White space between elements is not a value.
    tagValueProcessor: (_name, value) => (/^\s*\n\s*$/.test(value) ? "" : value),
    // The API's lists are elements in their plural, e.g. HpcClusters.HpcCluster. XML does not mark a list of one.
    isArray: (name, path) => String(path).endsWith(`${name}s.${name}`),
  }).parse(text) as Record<string, unknown>;
  const answer = Object.values(parsed)[0];
  return typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>) : undefined;
}
