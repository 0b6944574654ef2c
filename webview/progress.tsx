import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Role, StageEvent } from '../src/editor/dashboard/messages';
import { count, duration, roughPercent } from './numbers';
import type { RunData } from './runData';
import type { ShownRun } from './store';
import { happening, isLive, roleHints, roleNames, roleOrder, spoken } from './words';

/** What is happening now, how far it is, and the plan of the run as one bar for each model to be trained. */
export function Progress({ run }: { run: ShownRun }): VNode {
  const { manifest, state, data } = run;
  const { progress } = data;
  const what = happening(
    state,
    progress,
    progress ? data.stages.get(progress.stage) : undefined,
    manifest.seeds,
  );
  const fraction = state === 'evaluating' ? 1 : (progress?.fraction ?? 0);
  return (
    <section class="progress card" aria-labelledby="progress-title">
      <div class="now">
        <h2 id="progress-title">{what}</h2>
        {state === 'running' && progress && (
          <p class="left">
            <strong>{duration(progress.runEtaSeconds)}</strong> left
          </p>
        )}
      </div>
      <div
        class={`whole ${progress ? '' : 'unknown'}`}
        role="progressbar"
        aria-label="The whole run"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={progress ? Math.round(fraction * 100) : undefined}
      >
        <div style={{ transform: `scaleX(${fraction})` }} />
      </div>
      <dl class="figures">
        <Figure name="Whole run" value={progress ? roughPercent(fraction) : '–'} />
        <Figure name="Epoch" value={progress ? `${progress.epoch} of ${progress.epochs}` : '–'} />
        <Figure name="Step" value={progress ? `${count(progress.step)} of ${count(progress.steps)}` : '–'} />
        <Figure name="Samples a second" value={progress ? count(progress.samplesPerSecond) : '–'} />
      </dl>
      <Plan run={run} />
      <Announcer text={isLive(state) ? spoken(what, progress) : ''} key={what} />
    </section>
  );
}

function Figure({ name, value }: { name: string; value: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** A row for each role, a bar for each model of it; the bar fills while the model learns. */
function Plan({ run }: { run: ShownRun }): VNode {
  const { manifest, data } = run;
  const roles = roleOrder.filter((role) => manifest.roles.includes(role));
  return (
    <ul class="plan" aria-label="Models to train">
      {roles.map((role) => (
        <li key={role} class={role}>
          <span class="name" title={roleHints[role]}>
            {roleNames[role]}
          </span>
          <span class="bars">
            {modelsOf(role, manifest.seeds, data).map((model) => (
              <span key={model.name} class={`bar ${model.state}`} title={model.name}>
                <span class="unseen">{model.name}; </span>
                <span class="fill" style={{ transform: `scaleX(${model.share})` }} />
              </span>
            ))}
          </span>
        </li>
      ))}
    </ul>
  );
}

interface Model {
  /** E.g. `seed 2: learning, 40.0%`. */
  name: string;
  state: 'waiting' | 'learning' | 'ready';
  /** 0…1 */
  share: number;
}

function modelsOf(role: Role, seeds: readonly number[], data: RunData): Model[] {
  if (role === 'teacher')
    return [
      modelOf(
        [...data.stages.values()].filter((s) => s.role === role),
        '',
        data,
      ),
    ];
  return seeds.map((seed) => {
    const stages = [...data.stages.values()].filter((s) => s.role === role && s.seed === seed);
    return modelOf(stages, `seed ${seed}: `, data);
  });
}

function modelOf(stages: readonly StageEvent[], name: string, data: RunData): Model {
  const last = stages.at(-1);
  if (!last) return { name: `${name}waiting`, state: 'waiting', share: 0 };
  if (last.state === 'reused')
    return { name: `${name}ready, trained in an earlier run`, state: 'ready', share: 1 };
  if (last.state === 'finished') return { name: `${name}ready`, state: 'ready', share: 1 };
  const { progress } = data;
  const share =
    progress && progress.stage === last.stage && progress.steps > 0 ? progress.step / progress.steps : 0;
  return { name: `${name}learning, ${roughPercent(share)}`, state: 'learning', share };
}

/** Says where the run stands: at once when it is mounted, later every ten seconds at most. */
function Announcer({ text }: { text: string }): VNode {
  const latest = useRef(text);
  latest.current = text;
  const said = useSignal(text);
  useEffect(() => {
    const timer = setInterval(() => (said.value = latest.current), 10_000);
    return () => clearInterval(timer);
  }, [said]);
  return (
    <p class="unseen" role="status">
      {said}
    </p>
  );
}
