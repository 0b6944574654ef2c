import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { Checkbox } from './controls';
import { columnsOf, metrics, type Cell, type Column, type Metric } from './comparisonTable';
import { count, duration } from './numbers';
import type { ShownRun } from './store';
import { isLive, roleHints, roleNames } from './words';

/** Teacher, student and scratch side by side: test numbers once they are there, validation numbers before. */
export function ComparisonTable({ run }: { run: ShownRun }): VNode {
  const eachSeed = useSignal(false);
  const { columns, split } = columnsOf(run.report, run.data, run.manifest.roles);
  const shown = metrics.filter((metric) => columns.some((column) => metric.read(column) !== null));
  return (
    <section class="comparison card" aria-labelledby="comparison-title">
      <div class="card-head">
        <h2 id="comparison-title">Comparison</h2>
        <div class="switches">
          <Checkbox checked={eachSeed.value} onChange={(checked) => (eachSeed.value = checked)}>
            Each seed
          </Checkbox>
        </div>
      </div>
      <p class="quiet">
        {run.report
          ? `Measured once on ${count(run.report.testSamples)} test samples, after training.`
          : isLive(run.state)
            ? 'Validation numbers so far. The test numbers come when training has ended.'
            : 'Validation numbers: the run ended before it came to the test data.'}
      </p>
      {shown.length === 0 ? (
        <p class="nothing quiet">Nothing measured yet</p>
      ) : (
        <table data-split={split}>
          <thead>
            <tr>
              <td />
              {columns.map(({ role }) => (
                <th key={role} scope="col" class={role} title={roleHints[role]}>
                  {roleNames[role]}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((metric) => (
              <Row
                key={metric.id}
                metric={metric}
                columns={columns}
                split={split}
                eachSeed={eachSeed.value}
              />
            ))}
          </tbody>
        </table>
      )}
      {run.report && (
        <p class="quiet foot">
          {plural(run.report.seeds.length, 'seed')}, {duration(run.report.seconds)} in all. ± is the standard
          deviation over seeds.
        </p>
      )}
    </section>
  );
}

function Row(props: { metric: Metric; columns: readonly Column[]; split: string; eachSeed: boolean }): VNode {
  const { metric, columns, eachSeed } = props;
  const cells = columns.map((column) => metric.read(column));
  const largest = Math.max(...cells.map((cell) => cell?.value ?? 0));
  const difference = metric.difference?.(columns) ?? null;
  return (
    <tr data-metric={metric.id}>
      <th scope="row" title={metric.hint}>
        {metric.name === 'Errors'
          ? props.split === 'test'
            ? 'Test errors'
            : 'Validation errors'
          : metric.name}
        {difference && <span class="difference">{difference}</span>}
      </th>
      {cells.map((cell, i) => (
        <td key={columns[i]!.role} class={columns[i]!.role}>
          {cell ? (
            <Value
              cell={cell}
              share={metric.bar && largest > 0 ? cell.value / largest : null}
              eachSeed={eachSeed}
            />
          ) : (
            '–'
          )}
        </td>
      ))}
    </tr>
  );
}

function Value({ cell, share, eachSeed }: { cell: Cell; share: number | null; eachSeed: boolean }): VNode {
  return (
    <>
      <span class="value" title={cell.seeds.length > 1 ? `Each seed: ${cell.seeds.join(', ')}` : undefined}>
        {cell.text}
        {cell.spread && <span class="spread"> ± {cell.spread}</span>}
      </span>
      {share !== null && (
        <span class="meter" aria-hidden="true">
          <span style={{ transform: `scaleX(${share})` }} />
        </span>
      )}
      {eachSeed && cell.seeds.length > 1 && <span class="seeds">{cell.seeds.join(' · ')}</span>}
    </>
  );
}

const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
