import type { VNode } from 'preact';
import type { ProblemEvent } from '../src/editor/dashboard/messages';
import { Button } from './controls';
import { post } from './host';
import { icons } from './icons';
import type { ShownRun } from './store';

/** Why a run failed, was stopped or is lost, and the problems it met, each with the way to its line. */
export function Notices({ run, trusted }: { run: ShownRun; trusted: boolean }): VNode | null {
  const { state, manifest, resumable, data } = run;
  const problems = distinct(data.problems);
  const headline =
    state === 'failed'
      ? (manifest.message ?? 'The run failed.')
      : state === 'lost'
        ? 'The training process is gone without a last word: the computer may have been restarted, or the process was ended. Everything up to then is shown here.'
        : state === 'stopped'
          ? (manifest.message ?? 'The run was stopped on request. Everything up to then is shown here.')
          : null;
  if (!headline && problems.length === 0 && trusted) return null;
  return (
    <div class="notices">
      {!trusted && (
        <div class="notice plain">
          {icons.lock()}
          <p>
            <strong>Restricted mode.</strong> You can look at everything; running and stopping are off until
            you trust this workspace.
          </p>
        </div>
      )}
      {headline && (
        <div class={`notice ${state}`} role={state === 'failed' ? 'alert' : undefined}>
          {state === 'failed' ? icons.cross() : state === 'lost' ? icons.question() : icons.stop()}
          <p>
            {headline}
            {resumable && ' Resume goes on from the last checkpoint.'}
          </p>
        </div>
      )}
      {problems
        .filter((problem) => problem.message !== headline || problem.line !== undefined)
        .map((problem) => (
          <Problem
            key={`${problem.seq}`}
            id={manifest.id}
            problem={problem}
            repeat={problem.message === headline}
          />
        ))}
    </div>
  );
}

function Problem({ id, problem, repeat }: { id: string; problem: ProblemEvent; repeat: boolean }): VNode {
  const { line, column, severity } = problem;
  return (
    <div class={`notice ${severity}`}>
      {severity === 'error' ? icons.cross() : icons.warning()}
      <p>{repeat ? 'It comes from a line of the experiment file.' : problem.message}</p>
      {line !== undefined && (
        <Button
          look="secondary"
          onClick={() =>
            post({ type: 'openExperiment', id, line, ...(column === undefined ? {} : { column }) })
          }
        >
          Go to line {line}
        </Button>
      )}
    </div>
  );
}

/** The same words about the same line are said once. */
function distinct(problems: readonly ProblemEvent[]): ProblemEvent[] {
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = `${problem.line ?? ''} ${problem.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
