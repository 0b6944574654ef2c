import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Role } from '../src/editor/dashboard/messages';
import { Chart, zoomed } from './chart';
import { Button, Checkbox, Segments, Slider } from './controls';
import { percent } from './numbers';
import { lossPlot, seriesPlot, validationPlot } from './plots';
import { curvePreferences, prefer, type CurvePreferences } from './preferences';
import { curvesOf, type RunData } from './runData';
import type { Store } from './store';
import { roleNames, roleOrder } from './words';

/** All curves of the run, on one x axis and under one cursor. */
export function Charts({ store }: { store: Store }): VNode | null {
  const run = store.read('curves', 'progress', 'evaluations');
  const chosen = curvePreferences();
  if (!run) return null;
  const { data } = run;
  const withLoss = roleOrder.filter((role) => curvesOf(data, role, 'loss').size > 0);
  const role = chosen.lossRole && withLoss.includes(chosen.lossRole) ? chosen.lossRole : learning(data);
  return (
    <section class="charts" aria-labelledby="charts-title">
      <div class="section-head">
        <h2 id="charts-title">Learning</h2>
        <div class="switches">
          {zoomed.value && (
            <Button
              look="secondary"
              tooltip="Shows the whole run again."
              onClick={() => (zoomed.value = null)}
            >
              Reset zoom
            </Button>
          )}
          <Smoothing value={chosen.smoothing} />
          <Segments
            label="Horizontal axis"
            value={chosen.xAxis}
            choices={[
              { value: 'epoch', label: 'Epochs' },
              { value: 'step', label: 'Steps' },
            ]}
            onChange={(value) => {
              zoomed.value = null;
              prefer({ xAxis: value === 'step' ? 'step' : 'epoch' });
            }}
          />
        </div>
      </div>
      <ValidationChart data={data} chosen={chosen} revision={data.lastSeq} />
      <TrainingCharts data={data} role={role} withLoss={withLoss} chosen={chosen} revision={data.lastSeq} />
    </section>
  );
}

/** Accuracy or errors on the validation samples. */
function ValidationChart(props: { data: RunData; chosen: CurvePreferences; revision: number }): VNode {
  const { data, chosen, revision } = props;
  const { measure, xAxis, logErrors } = chosen;
  const validation = useMemo(() => validationPlot(data, chosen), [data, revision, measure, xAxis, logErrors]);
  return (
    <Chart
      id="validation"
      title={measure === 'accuracy' ? 'Validation accuracy' : 'Validation errors'}
      {...validation}
    >
      {measure === 'errors' && (
        <Checkbox checked={logErrors} onChange={(log) => prefer({ logErrors: log })}>
          Log scale
        </Checkbox>
      )}
      <Segments
        label="What is drawn"
        value={measure}
        choices={[
          { value: 'accuracy', label: 'Accuracy' },
          { value: 'errors', label: 'Errors' },
        ]}
        onChange={(value) => prefer({ measure: value === 'errors' ? 'errors' : 'accuracy' })}
      />
    </Chart>
  );
}

/** Loss, learning rate and gradient norm of one role. */
function TrainingCharts(props: {
  data: RunData;
  role: Role;
  withLoss: readonly Role[];
  chosen: CurvePreferences;
  revision: number;
}): VNode {
  const { data, role, withLoss, chosen, revision } = props;
  const { xAxis, smoothing, logLoss } = chosen;
  const [loss, rate, norm] = useMemo(
    () => [
      lossPlot(data, role, chosen),
      seriesPlot(data, role, 'rate', 'Learning rate', chosen),
      seriesPlot(data, role, 'gradient_norm', 'Gradient norm', chosen),
    ],
    [data, role, revision, xAxis, smoothing, logLoss],
  );
  return (
    <>
      <Chart id="loss" title="Training loss" {...loss}>
        <Checkbox checked={logLoss} onChange={(log) => prefer({ logLoss: log })}>
          Log scale
        </Checkbox>
        {withLoss.length > 1 && (
          <Segments
            label="Whose loss"
            value={role}
            choices={withLoss.map((value) => ({ value, label: roleNames[value] }))}
            onChange={(value) => prefer({ lossRole: value as Role })}
          />
        )}
      </Chart>
      <Chart id="rate" title="Learning rate" {...rate} />
      <Chart id="norm" title="Gradient norm" {...norm} />
    </>
  );
}

function Smoothing({ value }: { value: number }): VNode {
  return (
    <label class="smoothing">
      <span>Smoothing</span>
      <Slider
        id="smoothing"
        label="Smoothing of the loss curves"
        least={0}
        most={0.95}
        step={0.05}
        value={value}
        text={value === 0 ? 'off' : percent(value)}
        onInput={(smoothing) => prefer({ smoothing })}
      />
    </label>
  );
}

/** The student as soon as there is something of it; before, the teacher. */
function learning(data: RunData): Role {
  return curvesOf(data, 'student', 'loss').size > 0 ? 'student' : 'teacher';
}
