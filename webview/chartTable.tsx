import type { VNode } from 'preact';
import type { Plot } from './chartCanvas';
import { place } from './numbers';

/** The most rows that a table of a chart shows; of more, every n-th and the last are shown. */
const mostRows = 200;

/** The numbers of a chart, one column a curve. */
export function ChartTable({ plot, title }: { plot: Plot; title: string }): VNode {
  const every = Math.ceil(plot.x.length / mostRows);
  const rows = plot.x.map((_, i) => i).filter((i) => i % every === 0 || i === plot.x.length - 1);
  return (
    <div class="numbers" tabIndex={0} role="region" aria-label={`${title}, numbers`}>
      <table>
        <caption>
          {every > 1 ? `Every ${every}th of ${plot.x.length} points` : `${plot.x.length} points`}
        </caption>
        <thead>
          <tr>
            <th scope="col">{plot.xName}</th>
            {plot.lines.map((line) => (
              <th key={line.id} scope="col">
                {line.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((i) => (
            <tr key={i}>
              <th scope="row">{place(plot.x[i]!)}</th>
              {plot.lines.map((line) => {
                const value = line.values[i];
                return (
                  <td key={line.id}>{value === null || value === undefined ? '' : plot.format(value)}</td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
