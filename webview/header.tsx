import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { RunChoice, ShownState } from '../src/editor/dashboard/messages';
import { Button, Dropdown } from './controls';
import { post } from './host';
import { icons } from './icons';
import { duration, moment } from './numbers';
import { prefer } from './preferences';
import type { ShownRun } from './store';
import { cacheWords, engineNames, isLive, stateNames } from './words';

/** Name, state, engine, run picker and what can be done with the run. */
export function Header({
  run,
  runs,
  trusted,
}: {
  run: ShownRun;
  runs: RunChoice[];
  trusted: boolean;
}): VNode {
  const { manifest, state, data } = run;
  const cache = cacheWords([...data.caches.values()]);
  return (
    <header class="header">
      <div class="identity">
        <h1>{manifest.name}</h1>
        <span class={`pill ${state}`}>
          {stateIcon(state)}
          {stateNames[state]}
        </span>
      </div>
      <Actions id={manifest.id} state={state} resumable={run.resumable} trusted={trusted} />
      <div class="facts">
        <span title={`Started ${moment(manifest.started)}`}>{moment(manifest.started)}</span>
        <Elapsed started={manifest.started} finished={manifest.finished} live={isLive(state)} />
        <Engine run={run} />
        {cache && (
          <span class="cache" title={cache.hint}>
            {cache.text}
          </span>
        )}
      </div>
      {runs.length > 1 && (
        <div class="picker">
          <Dropdown
            label="Run"
            value={manifest.id}
            choices={runs.map(runLabel)}
            onChange={(id) => pick(id, runs)}
          />
        </div>
      )}
    </header>
  );
}

function Actions({
  id,
  state,
  resumable,
  trusted,
}: {
  id: string;
  state: ShownState;
  resumable: boolean;
  trusted: boolean;
}): VNode {
  const asked = useSignal<{ id: string; command: 'stop-after-epoch' | 'stop-now' } | null>(null);
  const command = asked.value?.id === id ? asked.value.command : null;
  const live = isLive(state);
  useEffect(() => {
    // A run that is resumed can be stopped again.
    if (!live) asked.value = null;
  }, [asked, live]);
  const off = trusted ? null : 'This workspace is not trusted, so runs cannot be started or stopped here.';
  const stop = (wish: 'stop-after-epoch' | 'stop-now'): void => {
    asked.value = { id, command: wish };
    post({ type: 'stop', id, command: wish });
  };
  return (
    <div class="actions" role="group" aria-label="What to do with this run">
      {live && (
        <>
          <Button
            look="secondary"
            icon={icons.stopAfter()}
            tooltip={off ?? 'Finishes the epoch, keeps a checkpoint and then stops.'}
            disabled={off !== null || command !== null}
            onClick={() => stop('stop-after-epoch')}
          >
            {command === 'stop-after-epoch' ? 'Stopping after this epoch…' : 'Stop after this epoch'}
          </Button>
          <Button
            look="secondary"
            icon={icons.stop()}
            tooltip={off ?? 'Stops at once and keeps a checkpoint of what was learnt until now.'}
            disabled={off !== null || command === 'stop-now'}
            onClick={() => stop('stop-now')}
          >
            {command === 'stop-now' ? 'Stopping…' : 'Stop now'}
          </Button>
        </>
      )}
      {resumable && (
        <Button
          look="primary"
          icon={icons.resume()}
          tooltip={
            off ?? 'Goes on from the last checkpoint, with the experiment as it was when the run began.'
          }
          disabled={off !== null}
          onClick={() => post({ type: 'resume', id })}
        >
          Resume
        </Button>
      )}
      {!live && (
        <Button
          look="secondary"
          icon={icons.again()}
          tooltip={off ?? 'Runs the experiment file again, as it is now.'}
          disabled={off !== null}
          onClick={() => post({ type: 'runAgain', id })}
        >
          Run again
        </Button>
      )}
      {off && <p class="unseen">{off}</p>}
      <Button
        look="icon"
        icon={icons.file()}
        label="Open experiment file"
        onClick={() => post({ type: 'openExperiment', id })}
      />
      <Button
        look="icon"
        icon={icons.folder()}
        label="Open run directory"
        onClick={() => post({ type: 'openDirectory', id })}
      />
    </div>
  );
}

/** The engine in use; it opens to the reason and to why the others were refused. */
function Engine({ run }: { run: ShownRun }): VNode | null {
  const { engine, engineReason, engines } = run.manifest;
  if (!engine) return null;
  const refused = engines.filter((probe) => !probe.ok);
  const version = engines.find((probe) => probe.id === engine)?.version;
  return (
    <details class="engine">
      <summary title={engineReason}>
        <span class="unseen">Engine: </span>
        {engineNames[engine]}
      </summary>
      <div class="flyout">
        <p>
          <strong>{engineNames[engine]}</strong>
          {version && ` · ${version}`}
        </p>
        {engineReason && <p>{engineReason}</p>}
        {refused.map((probe) => (
          <p key={probe.id}>
            <strong>{engineNames[probe.id]}</strong> was not used. {probe.reason}
          </p>
        ))}
      </div>
    </details>
  );
}

function Elapsed({
  started,
  finished,
  live,
}: {
  started: string;
  finished?: string | undefined;
  live: boolean;
}): VNode {
  const now = useSignal(Date.now());
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => (now.value = Date.now()), 1000);
    return () => clearInterval(timer);
  }, [live, now]);
  const end = finished ? Date.parse(finished) : now.value;
  const text = duration((end - Date.parse(started)) / 1000);
  return live || finished ? (
    <span>{live ? `${text} so far` : `took ${text}`}</span>
  ) : (
    <span>end unknown</span>
  );
}

export function stateIcon(state: ShownState): VNode {
  switch (state) {
    case 'done':
      return icons.check();
    case 'failed':
      return icons.cross();
    case 'stopped':
      return icons.stop();
    case 'lost':
      return icons.question();
    default:
      return icons.dot();
  }
}

function runLabel(run: RunChoice): { value: string; label: string } {
  return { value: run.id, label: `${moment(run.started)} · ${stateNames[run.state]} · ${run.name}` };
}

function pick(id: string, runs: RunChoice[]): void {
  prefer({ picked: { id, newest: newest(runs) } });
  post({ type: 'select', id });
}

/** The id of the run that began last; empty without runs. */
export function newest(runs: readonly RunChoice[]): string {
  return (
    runs.reduce<RunChoice | null>((last, run) => (last && last.started >= run.started ? last : run), null)
      ?.id ?? ''
  );
}
