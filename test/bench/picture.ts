/** Draws the benchmark as an SVG: two panels over the number of clusters, readable on light and dark pages. */
import { type Contestant, contestants } from "./contestants.ts";
import { steps } from "./life.ts";
import { type Medians, sum } from "./medians.ts";

/** Of medium lightness: the picture has no background, and the page may be light or dark. */
const ink = "#7d8590";
const faint = "#7d859055";
const colours: Readonly<Record<Contestant, string>> = {
  package: "#2f81f7",
  floor: "#7d8590",
  naive: "#e0700d",
};
const titles: Readonly<Record<Contestant, string>> = {
  package: "pulumi-alicloud-hpc",
  floor: "a provider that does nothing",
  naive: "one call per cluster, in the program",
};

const width = 860;
const height = 400;
const panel = { top: 44, width: 350, height: 250 };
const lefts = [60, 490] as const;

interface Point {
  x: number;
  y: number;
}
interface Line {
  colour: string;
  dashed: boolean;
  points: Point[];
}

/**
 * Lines of time are solid at the highest latency and dashed at the lowest. Lines of calls are solid for all operations together
 * and dashed for a refresh.
 */
export function pictureOf(medians: Medians): string {
  const { latencies, sizes } = medians;
  const [lowest, highest] = [latencies[0] ?? 0, latencies.at(-1) ?? 0];
  const lineOf = (
    contestant: Contestant,
    dashed: boolean,
    valueAt: (clusters: number) => number | undefined,
  ): Line => ({
    colour: colours[contestant],
    dashed,
    points: sizes.flatMap((x) => {
      const y = valueAt(x);
      return y === undefined || y <= 0 ? [] : [{ x, y }];
    }),
  });

  const times = contestants.flatMap((contestant) =>
    (lowest === highest ? [highest] : [highest, lowest]).map((latencyMs) =>
      lineOf(contestant, latencyMs !== highest, (clusters) => {
        const life = medians.life(contestant, clusters, latencyMs);
        return life.length < steps.length ? undefined : sum(life.map(({ seconds }) => seconds));
      }),
    ),
  );
  const calls = contestants
    .filter((contestant) => contestant !== "floor")
    .flatMap((contestant) => [
      lineOf(contestant, false, (clusters) =>
        sum(medians.life(contestant, clusters, lowest).map((one) => one.calls)),
      ),
      lineOf(
        contestant,
        true,
        (clusters) => medians.of(contestant, "refresh -p 100", clusters, lowest)?.calls,
      ),
    ]);

  const latencyNote =
    lowest === highest ? `${highest} ms a call` : `solid ${highest} ms a call, dashed ${lowest} ms`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Time and API calls over the number of clusters" font-family="system-ui, sans-serif" font-size="12">`,
    drawPanel(lefts[0], "Seconds of all operations", latencyNote, times),
    drawPanel(
      lefts[1],
      "API calls",
      `solid all operations, dashed refresh --parallel 100; ${lowest} ms a call`,
      calls,
    ),
    ...contestants.map((contestant, at) => drawKey(60 + at * 265, contestant)),
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel(left: number, title: string, note: string, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) {
    return "";
  }
  const xs = decades(points.map(({ x }) => x));
  const ys = decades(points.map(({ y }) => y));
  const bottom = panel.top + panel.height;
  const across = (x: number) => round(left + share(x, xs) * panel.width);
  const up = (y: number) => round(bottom - share(y, ys) * panel.height);

  const ticks = [...new Set(points.map(({ x }) => x))];
  return [
    text(left, 16, title, `font-size="14" font-weight="600"`),
    text(left, 32, note, `font-size="11"`),
    ...ys.map((y) =>
      [
        `<line x1="${left}" x2="${left + panel.width}" y1="${up(y)}" y2="${up(y)}" stroke="${faint}"/>`,
        text(left - 6, up(y) + 4, y.toLocaleString("en"), `text-anchor="end"`),
      ].join(""),
    ),
    ...ticks.map((x) =>
      [
        `<line x1="${across(x)}" x2="${across(x)}" y1="${bottom}" y2="${bottom + 4}" stroke="${ink}"/>`,
        text(across(x), bottom + 18, x.toLocaleString("en"), `text-anchor="middle"`),
      ].join(""),
    ),
    text(left + panel.width / 2, bottom + 36, "clusters", `text-anchor="middle"`),
    ...lines.map(({ colour, dashed, points: of }) => {
      const path = of.map(({ x, y }) => `${across(x)},${up(y)}`).join(" ");
      const dots = of.map(
        ({ x, y }) => `<circle cx="${across(x)}" cy="${up(y)}" r="${dashed ? 2 : 3}" fill="${colour}"/>`,
      );
      const dash = dashed ? ` stroke-dasharray="5 4"` : "";
      return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${dashed ? 1.5 : 2}"${dash}/>${dots.join("")}`;
    }),
  ].join("\n");
}

function drawKey(left: number, contestant: Contestant): string {
  const y = height - 22;
  return (
    `<line x1="${left}" x2="${left + 24}" y1="${y}" y2="${y}" stroke="${colours[contestant]}" stroke-width="3"/>` +
    text(left + 32, y + 4, titles[contestant])
  );
}

function text(x: number, y: number, content: string, more = ""): string {
  return `<text x="${x}" y="${y}" fill="${ink}"${more === "" ? "" : ` ${more}`}>${content}</text>`;
}

/** The powers of ten around these values. */
function decades(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: last - first + 1 }, (_, at) => 10 ** (first + at));
}

function share(value: number, scale: readonly number[]): number {
  const [least, most] = [Math.log10(scale[0]!), Math.log10(scale.at(-1)!)];
  return (Math.log10(value) - least) / (most - least);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
