/** Draws how cost grows as an SVG: panels over the number of clusters, readable on light and dark pages. */
import { type Contestant, contestantNames, contestants } from "./contestants.ts";
import type { Step } from "./life.ts";
import { type Results, sum } from "./results.ts";

/** Of medium lightness: the picture has no background, and the page may be light or dark. */
const ink = "#7d8590";
const faint = "#7d859055";

const width = 900;
const panel = { width: 230, height: 200, top: 34, across: 300, down: 300 };
const left = 50;
const height = 2 * panel.down + 40;

interface Point {
  x: number;
  y: number;
}
interface Line {
  colour: string;
  dashed: boolean;
  points: Point[];
}

const timedSteps: readonly Step[] = ["preview", "up", "destroy", "up again", "refresh"];

/** Lines are solid at the lowest latency and dashed at the highest. */
export function pictureOf(results: Results): string {
  const { latencies, sizes } = results;
  const [lowest, highest] = [latencies[0] ?? 0, latencies.at(-1) ?? 0];
  const linesOf = (
    valueAt: (contestant: Contestant, clusters: number, latencyMs: number) => number | undefined,
  ): Line[] =>
    results.contestants.flatMap((contestant) =>
      [...new Set([lowest, highest])].map((latencyMs) => ({
        colour: contestants[contestant].colour,
        dashed: latencyMs !== lowest,
        points: sizes.flatMap((x) => {
          const y = valueAt(contestant, x, latencyMs);
          return y === undefined || y <= 0 ? [] : [{ x, y }];
        }),
      })),
    );
  const panels = [
    ...timedSteps.map((step) => ({
      title: step,
      unit: "seconds",
      lines: linesOf(
        (contestant, clusters, latencyMs) => results.of(contestant, step, clusters, latencyMs)?.seconds,
      ),
    })),
    {
      title: "all operations",
      unit: "API calls",
      lines: linesOf((contestant, clusters, latencyMs) =>
        sum(results.life(contestant, clusters, latencyMs).map(({ calls }) => calls)),
      ).filter(({ dashed }) => !dashed),
    },
  ];

  const latencyNote = lowest === highest ? "" : `; solid ${lowest} ms, dashed ${highest} ms a call`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Time and API calls over the number of clusters" font-family="system-ui, sans-serif" font-size="12">`,
    ...panels.map(({ title, unit, lines }, at) => {
      const place = { x: left + (at % 3) * panel.across, y: panel.top + Math.floor(at / 3) * panel.down };
      return drawPanel(place, title, unit === "seconds" ? `${unit}${latencyNote}` : unit, lines);
    }),
    ...results.contestants.map((contestant, at) =>
      drawKey(left + at * (840 / contestantNames.length), contestant),
    ),
    "</svg>",
    "",
  ].join("\n");
}

function drawPanel({ x: start, y: top }: Point, title: string, note: string, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) {
    return "";
  }
  const xs = decades(points.map(({ x }) => x));
  const ys = decades(points.map(({ y }) => y));
  const bottom = top + panel.height;
  const across = (x: number) => round(start + share(x, xs) * panel.width);
  const up = (y: number) => round(bottom - share(y, ys) * panel.height);

  const ticks = [...new Set(points.map(({ x }) => x))];
  return [
    text(start, top - 20, title, `font-size="14" font-weight="600"`),
    text(start, top - 6, note, `font-size="11"`),
    ...ys.map((y) =>
      [
        `<line x1="${start}" x2="${start + panel.width}" y1="${up(y)}" y2="${up(y)}" stroke="${faint}"/>`,
        text(start - 6, up(y) + 4, y.toLocaleString("en"), `text-anchor="end"`),
      ].join(""),
    ),
    ...ticks.map((x) =>
      [
        `<line x1="${across(x)}" x2="${across(x)}" y1="${bottom}" y2="${bottom + 4}" stroke="${ink}"/>`,
        text(across(x), bottom + 18, x.toLocaleString("en"), `text-anchor="middle"`),
      ].join(""),
    ),
    text(start + panel.width / 2, bottom + 36, "clusters", `text-anchor="middle"`),
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

function drawKey(start: number, contestant: Contestant): string {
  const y = height - 16;
  const { colour } = contestants[contestant];
  return (
    `<line x1="${start}" x2="${start + 24}" y1="${y}" y2="${y}" stroke="${colour}" stroke-width="3"/>` +
    text(start + 32, y + 4, contestant)
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
