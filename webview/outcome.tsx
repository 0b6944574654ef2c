import type { VNode } from 'preact';
import type { Comparison, ExpectationResult, Role, RunReport } from '../src/editor/dashboard/messages';
import { post } from './host';
import { icons } from './icons';
import { bytes, mean, percent, times } from './numbers';
import { roleNames, roleOrder } from './words';

/** What came out: the verdict in one sentence, the way from scratch to the teacher, and the lines the file expects. */
export function Outcome({ id, report }: { id: string; report: RunReport }): VNode {
  const main =
    report.comparisons.find((c) => c.role === 'student' && c.against === 'scratch') ?? report.comparisons[0];
  const others = report.comparisons.filter((comparison) => comparison !== main);
  return (
    <section class="outcome card" aria-labelledby="outcome-title">
      <div class="verdict">
        <h2 id="outcome-title" class={main ? 'sentence' : ''}>
          {main ? main.sentence : 'The run is done.'}
        </h2>
        {others.map((comparison) => (
          <p key={`${comparison.role} ${comparison.against}`}>{comparison.sentence}</p>
        ))}
        <Headlines report={report} comparison={main} />
      </div>
      <Way report={report} />
      {report.expect.length > 0 && <Expectations id={id} lines={report.expect} />}
    </section>
  );
}

/** At most three large numbers. */
function Headlines({ report, comparison }: { report: RunReport; comparison: Comparison | undefined }): VNode {
  const { teacher, student } = report.roles;
  const items: { figure: string; words: string }[] = [];
  if (comparison && comparison.gapClosed !== null && comparison.gapClosed > 0)
    items.push({ figure: percent0(comparison.gapClosed), words: 'of the gap to the teacher closed' });
  else if (student) items.push({ figure: percent(student.accuracy.mean), words: 'accuracy of the student' });
  if (teacher && student && student.bytes > 0)
    items.push({ figure: times(teacher.bytes / student.bytes), words: `smaller: ${bytes(student.bytes)}` });
  if (teacher && student && student.latencyMs.one > 0)
    items.push({
      figure: times(teacher.latencyMs.one / student.latencyMs.one),
      words: 'as fast as the teacher',
    });
  return (
    <dl class="headlines">
      {items.map(({ figure, words }) => (
        <div key={words}>
          <dt>{words}</dt>
          <dd>{figure}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Test errors on a line, many to the left and few to the right: scratch, student and teacher where they came out. */
function Way({ report }: { report: RunReport }): VNode | null {
  const stops = roleOrder.flatMap((role) => {
    const row = report.roles[role];
    return row ? [{ role, errors: row.errors.mean, seeds: row.errors.values }] : [];
  });
  const all = stops.flatMap((stop) => [stop.errors, ...stop.seeds]);
  const most = Math.max(...all);
  const least = Math.min(...all);
  if (stops.length < 2 || most === least) return null;
  const at = (errors: number): string => `${((most - errors) / (most - least)) * 100}%`;
  const spoken = stops.map((stop) => `${roleNames[stop.role]} ${mean(stop.errors)}`).join(', ');
  return (
    <div class="way" role="img" aria-label={`Test errors, fewer to the right: ${spoken}.`}>
      <div class="track">
        {stops.flatMap((stop) =>
          stop.seeds.map((errors, i) => (
            <span key={`${stop.role} ${i}`} class={`tick ${stop.role}`} style={{ left: at(errors) }} />
          )),
        )}
        {stops.map((stop) => (
          <span key={stop.role} class={`stop ${stop.role}`} style={{ left: at(stop.errors) }}>
            <span class={`flag ${side(stop.role, stop.errors, most, least)}`}>
              <span>{roleNames[stop.role]}</span>
              <strong>{mean(stop.errors)}</strong>
            </span>
          </span>
        ))}
      </div>
      <div class="ends">
        <span>more test errors</span>
        <span>fewer</span>
      </div>
    </div>
  );
}

/** Flags at the ends are turned inwards; the student's stands above the line, the others below. */
function side(role: Role, errors: number, most: number, least: number): string {
  const share = (most - errors) / (most - least);
  return `${role === 'student' ? 'above' : 'below'} ${share > 0.8 ? 'end' : share < 0.2 ? 'start' : 'middle'}`;
}

function Expectations({ id, lines }: { id: string; lines: readonly ExpectationResult[] }): VNode {
  return (
    <div class="expectations">
      <h3>Expected</h3>
      <ul>
        {lines.map((line) => (
          <li key={`${line.line} ${line.text}`} class={line.pass ? 'pass' : 'fail'}>
            <button
              type="button"
              title={`Go to line ${line.line} of the experiment file`}
              onClick={() => post({ type: 'openExperiment', id, line: line.line })}
            >
              {line.pass ? icons.check() : icons.cross()}
              <span class="unseen">{line.pass ? 'Passed: ' : 'Failed: '}</span>
              <code>{line.text}</code>
              <span class="actual">{line.actual}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

const percent0 = (share: number): string => `${Math.round(share * 100)}%`;
