import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { duration } from './numbers';
import { modelsOf, standingOf } from './standing';
import type { ShownRun } from './store';
import { roleHints, roleNames, roleOrder } from './words';

/** What is happening now, how far it is, and the plan of the run as one bar for each model to be trained. */
export function Progress({ run }: { run: ShownRun }): VNode {
  const { what, fraction, secondsLeft, figures, spoken } = standingOf(run);
  return (
    <section class="progress card" aria-labelledby="progress-title">
      <div class="now">
        <h2 id="progress-title">{what}</h2>
        {secondsLeft !== null && (
          <p class="left">
            <strong>{duration(secondsLeft)}</strong> left
          </p>
        )}
      </div>
      <div
        class={`whole ${fraction === null ? 'unknown' : ''}`}
        role="progressbar"
        aria-label="The whole run"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={fraction === null ? undefined : Math.round(fraction * 100)}
      >
        <div style={{ transform: `scaleX(${fraction ?? 0})` }} />
      </div>
      <dl class="figures">
        {figures.map(({ name, value }, i) => (
          <Figure key={i} name={name} value={value} />
        ))}
      </dl>
      <Plan run={run} />
      <Announcer text={spoken} key={what} />
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
            {modelsOf(role, manifest.seeds, data).map((model, i) => (
              <span key={i} class={`bar ${model.state}`} title={model.name}>
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
