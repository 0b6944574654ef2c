import type { VNode } from 'preact';
import { Button } from './controls';
import { post } from './host';
import { icons } from './icons';

/** No run in this workspace yet. */
export function NoRun({ trusted }: { trusted: boolean }): VNode {
  return (
    <main class="empty">
      <Picture />
      <h1>No run yet</h1>
      <p>
        An experiment is one short file: a teacher, a small student, and how the one learns from the other.
        Press Run above it and watch the student learn here.
      </p>
      <Button look="primary" icon={icons.plus()} onClick={() => post({ type: 'newExperiment' })}>
        New Experiment
      </Button>
      {!trusted && (
        <p class="quiet">This workspace is not trusted: you can write experiments, but not run them yet.</p>
      )}
    </main>
  );
}

/** Between opening the page and the first message. */
export function Waiting(): VNode {
  return (
    <main class="empty" aria-busy="true">
      <h1 class="unseen">Distillery</h1>
      <p class="quiet">Opening the run…</p>
    </main>
  );
}

/** A large model handing a bundle of soft labels to a small one. */
function Picture(): VNode {
  const bars = [5, 9, 26, 13, 4];
  return (
    <svg class="picture" viewBox="0 0 220 84" width="220" height="84" aria-hidden="true">
      <rect class="teacher" x="4" y="10" width="64" height="64" rx="10" />
      <rect class="student" x="182" y="27" width="30" height="30" rx="7" />
      {bars.map((height, i) => (
        <rect key={i} class="soft" x={98 + i * 10} y={56 - height} width="6" height={height} rx="2" />
      ))}
      <path class="way" d="M78 66h92M164 61l6 5-6 5" />
    </svg>
  );
}
