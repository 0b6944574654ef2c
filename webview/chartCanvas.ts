import uPlot from 'uplot';
import { lastIndex, type Row } from './curves';
import { place } from './numbers';
import { color } from './theme';

/** One curve of a chart. */
export interface Line {
  id: string;
  label: string;
  /** The entry of the legend that it belongs to. */
  entry: string;
  /** `seed`: thin and pale. `main`: bold, with a dot and its name at the end. `target`: a level to reach. */
  kind: 'seed' | 'main' | 'target';
  /** A CSS variable. */
  color: string;
  dash: number[];
  values: Row;
}

/** Everything that a chart draws. */
export interface Plot {
  x: number[];
  /** The end of the x axis when nothing is zoomed: known ahead, so that a live curve grows instead of the axis. */
  xMost: number;
  xName: string;
  lines: Line[];
  log: boolean;
  /** Bounds that the y axis never leaves. */
  bounds: { least: number; most: number };
  /** A value as the read-out says it. */
  format: (value: number) => string;
  /** A value as the axis says it; `step` is the distance between two marks. */
  tick: (value: number, step: number) => string;
}

export interface Zoom {
  min: number;
  max: number;
}

/** Makes a chart in `parent`. The callbacks are asked at drawing time, so the chart itself stays while data come and go. */
export function createChart(
  parent: HTMLElement,
  plot: () => Plot,
  events: { cursor: (index: number | null) => void; zoom: (zoom: Zoom | null) => void },
): uPlot {
  const first = plot();
  const text = (): string => color('--text-quiet');
  const grid: uPlot.Axis.Grid = { stroke: () => color('--hairline'), width: 1 };
  const placeMark = document.createElement('div');
  placeMark.className = 'place';
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  return new uPlot(
    {
      width: Math.max(parent.clientWidth, 100),
      height: Math.max(parent.clientHeight, 60),
      padding: [10, (u) => (u.width < 420 ? 10 : endRoom(plot())), 0, 0],
      legend: { show: false },
      focus: { alpha: 0.35 },
      cursor: {
        y: false,
        sync: { key: 'run', scales: ['x', null], setSeries: false },
        focus: { prox: 12 },
        drag: { setScale: false, x: true, y: false },
        bind: {
          dblclick: () => () => {
            events.zoom(null);
            return null;
          },
        },
        points: { show: (u, i) => cursorPoint(plot(), u, i)!, width: 2, size: 9 },
      },
      scales: {
        x: { time: false },
        y: {
          // The library types this as a const enum, whose members a file compiled by itself cannot name.
          // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
          distr: first.log ? 3 : 1,
          range: (_u, min, max) => yRange(plot(), min, max),
        },
      },
      axes: [
        {
          stroke: text,
          grid: { show: false },
          ticks: { show: false },
          border: { show: true, stroke: () => color('--hairline-strong'), width: 1 },
          font,
          size: 26,
          gap: 6,
          space: 56,
        },
        {
          stroke: text,
          grid,
          ticks: { show: false },
          font,
          size: 50,
          gap: 8,
          space: (u) => (u.height < 160 ? 22 : 36),
          ...(first.log
            ? {
                splits: (_u: uPlot, _axis: number, least: number, most: number) => logMarks(least, most),
                filter: (_u: uPlot, splits: number[]) => splits,
              }
            : {}),
          values: (_u, splits, _axis, _space, step) =>
            splits.map((value: number | null) => (value === null ? '' : plot().tick(value, step))),
        },
      ],
      series: [{}, ...first.lines.map((line) => seriesOf(line))],
      hooks: {
        init: [(u) => u.root.append(placeMark)],
        setCursor: [
          (u) => {
            events.cursor(u.cursor.idx ?? null);
            markPlace(u, placeMark, plot());
          },
        ],
        setSelect: [
          (u) => {
            if (u.select.width < 4) return;
            events.zoom({
              min: u.posToVal(u.select.left, 'x'),
              max: u.posToVal(u.select.left + u.select.width, 'x'),
            });
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        drawAxes: [(u) => drawTargets(u, plot())],
        draw: [(u) => drawEnds(u, plot())],
      },
    },
    dataOf(first),
    parent,
  );
}

/** Draws what the plot holds now. */
export function updateChart(u: uPlot, plot: Plot, zoom: Zoom | null, hidden: readonly string[]): void {
  u.batch(() => {
    plot.lines.forEach((line, i) => {
      const show = !hidden.includes(line.entry);
      if (u.series[i + 1]!.show !== show) u.setSeries(i + 1, { show }, false);
    });
    u.setData(dataOf(plot), false);
    u.setScale('x', zoom ?? { min: 0, max: Math.max(plot.xMost, plot.x.at(-1) ?? 0, 1e-9) });
  });
}

/** Moves the cursor of this chart, and with it that of all charts, to a place on the x axis; null takes it away. */
export function moveCursor(u: uPlot, x: number | null): void {
  // The third argument tells the other charts; the types of the library leave it out.
  const chart = u as unknown as {
    setCursor(at: { left: number; top: number }, fire: true, publish: true): void;
  };
  const at =
    x === null ? { left: -10, top: -10 } : { left: u.valToPos(x, 'x'), top: u.over.clientHeight / 2 };
  chart.setCursor(at, true, true);
}

function seriesOf(line: Line): uPlot.Series {
  const paint = (): string => color(line.kind === 'seed' ? `${line.color}-pale` : line.color);
  return {
    label: line.label,
    stroke: paint,
    width: line.kind === 'main' ? 2.25 : 1.25,
    dash: line.dash,
    cap: line.dash.length > 0 ? 'butt' : 'round',
    spanGaps: true,
    // A level is drawn from edge to edge, not from its first to its last point.
    ...(line.kind === 'target' ? { paths: () => null } : {}),
    // A curve of a single point is a dot: without it the chart would look empty until the second.
    points: { show: (_u, _i, from, to) => from === to && line.kind !== 'target', size: 5, fill: paint },
  };
}

function dataOf(plot: Plot): uPlot.AlignedData {
  const positive = (row: Row): Row => row.map((value) => (value !== null && value > 0 ? value : null));
  return [plot.x, ...plot.lines.map((line) => (plot.log ? positive(line.values) : line.values))];
}

function yRange(plot: Plot, min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null) return plot.log ? [0.1, 1] : [0, 1];
  if (plot.log) {
    const room = (max / min) ** 0.06 || 1.1;
    return min === max ? [min / 2, max * 2] : [min / room, max * room];
  }
  const room = (max - min || Math.abs(max) * 0.1 || 1) * 0.08;
  return [Math.max(min - room, plot.bounds.least), Math.min(max + room, plot.bounds.most)];
}

/** Writes under the cursor where on the x axis it stands, and which seed's curve is near it. */
function markPlace(u: uPlot, mark: HTMLElement, plot: Plot): void {
  const at = u.cursor.idx ?? null;
  const x = at === null ? undefined : plot.x[at];
  mark.hidden = x === undefined;
  if (at === null || x === undefined) return;
  const near = u.series.findIndex((series, i) => i > 0 && '_focus' in series && series._focus === true);
  const line = plot.lines[near - 1];
  const value = line?.kind === 'seed' ? line.values[at] : undefined;
  const seed = line && value !== null && value !== undefined ? ` · ${line.label} ${plot.format(value)}` : '';
  mark.textContent = `${plot.xName} ${place(x)}${seed}`;
  const half = mark.offsetWidth / 2;
  const center = u.over.offsetLeft + u.valToPos(x, 'x');
  mark.style.left = `${Math.min(u.width - half, Math.max(half, center))}px`;
}

/** Powers of ten; with 2 and 5 times them where the powers alone would be too few. */
function logMarks(least: number, most: number): number[] {
  const from = Math.floor(Math.log10(least));
  const to = Math.ceil(Math.log10(most));
  const powers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const marks = (factors: number[]): number[] =>
    powers
      .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
      .filter((mark) => mark >= least && mark <= most);
  const tens = marks([1]);
  return tens.length >= 3 ? tens : marks([1, 2, 5]);
}

function cursorPoint(plot: Plot, u: uPlot, i: number): HTMLElement | undefined {
  const line = plot.lines[i - 1];
  if (!line || line.kind === 'seed') return undefined;
  const point = document.createElement('div');
  point.className = 'cursor-point';
  u.over.append(point);
  return point;
}

function drawTargets(u: uPlot, plot: Plot): void {
  const { ctx } = u;
  const ratio = uPlot.pxRatio;
  plot.lines.forEach((line, i) => {
    const level = line.values[0];
    if (line.kind !== 'target' || level === null || level === undefined || u.series[i + 1]!.show === false)
      return;
    const y = Math.round(u.valToPos(level, 'y', true));
    ctx.save();
    ctx.strokeStyle = color(line.color);
    ctx.lineWidth = 1.5 * ratio;
    ctx.setLineDash(line.dash.map((length) => length * ratio));
    ctx.beginPath();
    ctx.moveTo(u.bbox.left, y);
    ctx.lineTo(u.bbox.left + u.bbox.width, y);
    ctx.stroke();
    ctx.restore();
  });
}

/** A dot and the name at the end of each bold curve, so that no colour has to be looked up. */
function drawEnds(u: uPlot, plot: Plot): void {
  const { ctx } = u;
  const ratio = uPlot.pxRatio;
  const ends = plot.lines.flatMap((line, i) => {
    if (line.kind === 'seed' || u.series[i + 1]!.show === false) return [];
    const values = u.data[i + 1] as Row;
    const last = lastIndex(values, u.valToIdx(u.scales['x']!.max ?? 0));
    if (last < 0) return [];
    return [{ line, x: u.valToPos(u.data[0][last]!, 'x', true), y: u.valToPos(values[last]!, 'y', true) }];
  });
  ends.sort((a, b) => a.y - b.y);
  ctx.save();
  ctx.font = `600 ${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  ctx.setLineDash([]);
  ctx.lineJoin = 'round';
  const named = ends.length > 1;
  const free = ends.filter(({ line }) => line.kind === 'main');
  const places = spread(
    free.map(({ y }) => y),
    13 * ratio,
    u.bbox.top + u.bbox.height,
  );
  for (const { line, x, y } of ends) {
    const target = line.kind === 'target';
    if (!target) dot(ctx, x, y, ratio, color(line.color));
    if (!named) continue;
    const width = ctx.measureText(line.label).width;
    const beside = x + 9 * ratio;
    const fits = beside + width <= u.width * ratio;
    const left = target ? u.bbox.left + 6 * ratio : fits ? beside : x - width;
    // Above the line to reach, or below it where the chart ends.
    const above = y - 18 * ratio >= u.bbox.top;
    const middle = target
      ? y + (above ? -11 : 11) * ratio
      : places[free.findIndex((end) => end.line === line)]! - (fits ? 0 : 11 * ratio);
    ctx.strokeStyle = color('--card');
    ctx.lineWidth = 4 * ratio;
    ctx.strokeText(line.label, left, middle);
    ctx.fillStyle = color('--text');
    ctx.fillText(line.label, left, middle);
  }
  ctx.restore();
}

/** Moves ascending places apart, so that none is nearer than `height` to the one above, and none lies below `end`. */
function spread(places: readonly number[], height: number, end: number): number[] {
  const moved: number[] = [];
  for (const place of places) moved.push(Math.max(place, (moved.at(-1) ?? -Infinity) + height));
  let limit = end;
  for (let i = moved.length - 1; i >= 0; i--) {
    moved[i] = Math.min(moved[i]!, limit);
    limit = moved[i]! - height;
  }
  return moved;
}

/** CSS pixels to the right of the curves for the names at their ends. */
function endRoom(plot: Plot): number {
  const labels = plot.lines.filter(({ kind }) => kind !== 'seed').map(({ label }) => label.length);
  return labels.length < 2 ? 12 : 16 + 7 * Math.max(...labels);
}

function dot(ctx: CanvasRenderingContext2D, x: number, y: number, ratio: number, fill: string): void {
  ctx.beginPath();
  ctx.arc(x, y, 3.5 * ratio, 0, 2 * Math.PI);
  ctx.fillStyle = fill;
  ctx.fill();
  ctx.lineWidth = 1.5 * ratio;
  ctx.strokeStyle = color('--surface');
  ctx.stroke();
}
