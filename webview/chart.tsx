import { signal, useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { createChart, moveCursor, updateChart, type Line, type Plot, type Zoom } from './chartCanvas';
import { ChartTable } from './chartTable';
import { Button } from './controls';
import { lastIndex } from './curves';
import { icons } from './icons';
import { place } from './numbers';
import { prefer, preferences } from './preferences';
import { themeRevision } from './theme';

/** The part of the x axis that all charts show; null shows all. It is set by dragging and taken back by a double click. */
export const zoomed = signal<Zoom | null>(null);

/** A chart with its legend, its read-out, its summary for a screen reader and its numbers as a table. */
export function Chart(props: {
  id: string;
  title: string;
  plot: Plot;
  summary: string;
  /** Switches beside the title. */
  children?: ComponentChildren;
}): VNode {
  const { id, title, plot, summary } = props;
  const index = useSignal<number | null>(null);
  const asTable = useSignal(false);
  const walked = useSignal('');
  const empty = plot.lines.every((line) => lastIndex(line.values) < 0);
  return (
    <section class="chart card" id={id} aria-labelledby={`${id}-title`}>
      <div class="card-head">
        <h3 id={`${id}-title`}>{title}</h3>
        <div class="switches">
          {props.children}
          <Button
            look="icon"
            icon={icons.table()}
            label={asTable.value ? `Show ${title} as a chart` : `Show ${title} as a table`}
            pressed={asTable.value}
            onClick={() => (asTable.value = !asTable.value)}
          />
        </div>
      </div>
      <Legend plot={plot} index={index.value} />
      <p class="unseen" id={`${id}-summary`}>
        {summary}
      </p>
      {asTable.value ? (
        <ChartTable plot={plot} title={title} />
      ) : (
        <Canvas
          plot={plot}
          label={title}
          describedBy={`${id}-summary`}
          onCursor={(at) => (index.value = at)}
          onWalk={(at) => (walked.value = at === null ? '' : readOut(plot, at))}
        />
      )}
      {empty && !asTable.value && <p class="nothing quiet">Nothing measured yet</p>}
      <p class="unseen" role="status">
        {walked}
      </p>
    </section>
  );
}

/** The drawn part: it keeps its chart while data come and is made anew only when other curves are to be drawn. */
function Canvas(props: {
  plot: Plot;
  label: string;
  describedBy: string;
  onCursor: (index: number | null) => void;
  onWalk: (index: number | null) => void;
}): VNode {
  const holder = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const { plot } = props;
  const shape = `${plot.lines.map((line) => line.id).join(' ')} ${plot.log}`;
  useLayoutEffect(() => {
    const parent = holder.current!;
    const u = createChart(parent, () => latest.current.plot, {
      cursor: (at) => latest.current.onCursor(at),
      zoom: (zoom) => (zoomed.value = zoom),
    });
    chart.current = u;
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = parent;
      if (width > 0 && (width !== u.width || height !== u.height)) u.setSize({ width, height });
    });
    observer.observe(parent);
    return () => {
      observer.disconnect();
      u.destroy();
    };
  }, [shape]);
  const hidden = preferences.hidden.value;
  const zoom = zoomed.value;
  const theme = themeRevision.value;
  useLayoutEffect(() => updateChart(chart.current!, plot, zoom, hidden), [shape, plot, zoom, hidden, theme]);
  return (
    <div
      class="canvas"
      ref={holder}
      tabIndex={0}
      role="application"
      aria-roledescription="chart"
      aria-label={`${props.label}. Arrow keys walk along the curves.`}
      aria-describedby={props.describedBy}
      data-lines={plot.lines.length}
      onKeyDown={(event) => {
        if (walk(chart.current!, plot, event.key, (at) => props.onWalk(at))) event.preventDefault();
      }}
    />
  );
}

/** Moves the cursor for a key. Returns whether the key was one of the chart's. */
function walk(u: uPlot, plot: Plot, key: string, onWalk: (index: number | null) => void): boolean {
  if (key === 'Escape') {
    moveCursor(u, null);
    zoomed.value = null;
    onWalk(null);
    return true;
  }
  const { min, max } = u.scales['x']!;
  const inSight = plot.x.map((_, i) => i).filter((i) => plot.x[i]! >= (min ?? 0) && plot.x[i]! <= (max ?? 0));
  const first = inSight[0];
  const last = inSight.at(-1);
  if (first === undefined || last === undefined) return false;
  const page = Math.max(1, Math.round(inSight.length / 10));
  const at = u.cursor.idx ?? null;
  const steps: Record<string, number> = {
    ArrowRight: at === null ? first : at + 1,
    ArrowLeft: at === null ? last : at - 1,
    PageDown: at === null ? first : at + page,
    PageUp: at === null ? last : at - page,
    Home: first,
    End: last,
  };
  const step = steps[key];
  if (step === undefined) return false;
  const next = Math.min(last, Math.max(first, step));
  moveCursor(u, plot.x[next]!);
  onWalk(next);
  return true;
}

/** One entry for each bold curve: its look, its name, its value under the cursor or its last. It switches the curve. */
function Legend({ plot, index }: { plot: Plot; index: number | null }): VNode {
  const hidden = preferences.hidden.value;
  const at = index ?? -1;
  return (
    <div class="legend">
      {plot.lines
        .filter(({ kind }) => kind !== 'seed')
        .map((main) => (
          <button
            key={main.id}
            type="button"
            aria-pressed={!hidden.includes(main.entry)}
            title={hidden.includes(main.entry) ? `Show ${main.label}` : `Hide ${main.label}`}
            onClick={() => toggle(main.entry)}
          >
            <Swatch line={main} />
            <span class="name">{main.label}</span>
            <span class="value">{valueText(plot, main, at)}</span>
          </button>
        ))}
    </div>
  );
}

function Swatch({ line }: { line: Line }): VNode {
  return (
    <svg class="swatch" viewBox="0 0 22 8" width="22" height="8" aria-hidden="true">
      <line
        x1="1"
        x2="21"
        y1="4"
        y2="4"
        style={{ stroke: `var(${line.color})` }}
        stroke-width={line.kind === 'main' ? 2.25 : 1.5}
        stroke-dasharray={line.dash.join(' ')}
      />
    </svg>
  );
}

function toggle(entry: string): void {
  const hidden = preferences.hidden.value;
  prefer({ hidden: hidden.includes(entry) ? hidden.filter((id) => id !== entry) : [...hidden, entry] });
}

function valueText(plot: Plot, line: Line, at: number): string {
  const value = line.values[at < 0 ? lastIndex(line.values) : at];
  return value === null || value === undefined ? '–' : plot.format(value);
}

function readOut(plot: Plot, at: number): string {
  const values = plot.lines
    .filter((line) => line.kind !== 'seed' && line.values[at] !== null && line.values[at] !== undefined)
    .map((line) => `${line.label} ${valueText(plot, line, at)}`);
  return `${plot.xName} ${place(plot.x[at]!)}: ${values.join(', ') || 'no value'}.`;
}
