/** Pictures of terminal output, as SVG: readable on light and dark pages, and without any font but the reader's own. */

const columns = 112;
const lineHeight = 18;
const characterWidth = 7.8;
const padding = 16;

/** A colour for the lines that a pattern matches, as the CLI colours them. */
const colours: [pattern: RegExp, colour: string][] = [
  [/^\$ /, "#8b949e"],
  [/error:/, "#ff7b72"],
  [/^\s+\+ /, "#7ee787"],
  [/^(Previewing|Diagnostics|Resources)/, "#79c0ff"],
];

/** Draws a terminal with this text in it; long lines are wrapped as a terminal wraps them. */
export function terminalPicture(title: string, text: string): string {
  const lines = text.split("\n").flatMap((line) => {
    const colour = colours.find(([pattern]) => pattern.test(line))?.[1] ?? "#e6edf3";
    return wrapped(line).map((part) => ({ part, colour }));
  });
  const width = Math.ceil(columns * characterWidth + 2 * padding);
  const height = lines.length * lineHeight + 2 * padding + lineHeight;
  const rows = lines.map(({ part, colour }, index) => {
    const y = padding + lineHeight * (index + 2) - 5;
    return `  <text x="${padding}" y="${y}" fill="${colour}" xml:space="preserve">${escaped(part)}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `  <rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    ...["#ff5f56", "#ffbd2e", "#27c93f"].map(
      (colour, index) =>
        `  <circle cx="${padding + 6 + index * 18}" cy="${padding}" r="5.5" fill="${colour}"/>`,
    ),
    `  <g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">`,
    ...rows,
    "  </g>",
    "</svg>",
    "",
  ].join("\n");
}

function wrapped(line: string): string[] {
  const parts: string[] = [];
  for (let rest = line; ; rest = rest.slice(columns)) {
    if (rest.length <= columns) {
      return [...parts, rest];
    }
    parts.push(rest.slice(0, columns));
  }
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
