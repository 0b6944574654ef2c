import 'uplot/dist/uPlot.min.css';
import './styles/base.css';
import './styles/charts.css';
import './styles/outcome.css';
import './styles/run.css';
import './styles/softLabels.css';
import { render, type VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ToPage } from '../src/editor/dashboard/messages';
import { zoomed } from './chart';
import { Charts } from './charts';
import { ComparisonTable } from './comparison';
import { NoRun, Waiting } from './empty';
import { isToPage } from './guard';
import { Header, newest } from './header';
import { post } from './host';
import { Notices } from './notices';
import { Outcome } from './outcome';
import { preferences } from './preferences';
import { Progress } from './progress';
import { SoftLabelsPanel } from './softLabels';
import { Store } from './store';
import { followTheme } from './theme';
import { isLive } from './words';

const store = new Store(post);

/** The dashboard: the state of the run above, then its curves, its numbers and its soft labels. */
function Page(): VNode {
  const run = store.read('run');
  const { runs, trusted } = store.readRuns();
  const id = run?.manifest.id;
  useEffect(() => {
    zoomed.value = null;
  }, [id]);
  if (run === undefined) return <Waiting />;
  if (run === null) return <NoRun trusted={trusted} />;
  return (
    <main class="page" key={id}>
      <Header run={run} runs={runs} trusted={trusted} />
      <WatchedNotices trusted={trusted} />
      {isLive(run.state) && <WatchedProgress />}
      {run.report && <Outcome id={run.manifest.id} report={run.report} />}
      <WatchedCharts />
      <WatchedNumbers />
      <WatchedSoftLabels />
    </main>
  );
}

// Each part of the page is drawn again only for the events that concern it.

function WatchedNotices({ trusted }: { trusted: boolean }): VNode | null {
  const run = store.read('run', 'problems');
  return run ? <Notices run={run} trusted={trusted} /> : null;
}

function WatchedProgress(): VNode | null {
  const run = store.read('run', 'progress');
  return run ? <Progress run={run} /> : null;
}

/** Empty charts would promise what a run that never began to train cannot keep. */
function WatchedCharts(): VNode | null {
  const run = store.read('run', 'progress');
  return run && run.data.stages.size > 0 ? <Charts store={store} /> : null;
}

function WatchedNumbers(): VNode | null {
  const run = store.read('run', 'evaluations', 'curves');
  return run && (run.report !== null || run.data.curves.size > 0) ? <ComparisonTable run={run} /> : null;
}

function WatchedSoftLabels(): VNode | null {
  const run = store.read('run', 'samples');
  return run ? <SoftLabelsPanel run={run} /> : null;
}

/** After a reload the page goes back to the run that was picked, unless a newer run has begun since. */
function returnToPicked(message: ToPage): void {
  if (message.type !== 'snapshot' || !message.run) return;
  const picked = preferences.picked.value;
  if (!picked || picked.id === message.run.manifest.id || picked.newest !== newest(message.runs)) return;
  if (message.runs.some((run) => run.id === picked.id)) post({ type: 'select', id: picked.id });
}

let returned = false;
window.addEventListener('message', (event: MessageEvent<unknown>) => {
  if (!isToPage(event.data)) return;
  store.receive(event.data);
  if (!returned && event.data.type === 'snapshot') {
    returned = true;
    returnToPicked(event.data);
  }
});
followTheme();
render(<Page />, document.body.appendChild(document.createElement('div')));
post({ type: 'ready' });
