import { commands } from '../contributions';
import type { CommandId } from '../contributions';
import { canResume, isLive } from '../runs/runModel';
import type { RunModel } from '../runs/runModel';
import { failedExpectations, percent, result, stateInWords } from '../words';

export interface Lens {
  title: string;
  tooltip: string;
  command: CommandId;
  /** The run that the command is about; undefined: the file. */
  run?: RunModel;
}

/** What stands above an experiment file. @param latest its newest run; @param withResult its newest run with a result. */
export function lenses(latest: RunModel | undefined, withResult: RunModel | undefined): Lens[] {
  const past = lastResult(latest, withResult);
  if (!latest || !isLive(latest))
    return [
      {
        title: '$(play) Run',
        tooltip: 'Train teacher and student as this file says, and watch them learn',
        command: commands.run,
      },
      ...(latest && canResume(latest) ? [resumeLens(latest)] : []),
      ...past,
    ];
  return [
    {
      title: `$(sync~spin) ${stateInWords(latest)}`,
      tooltip: 'Open the dashboard of this run',
      command: commands.openDashboard,
      run: latest,
    },
    {
      title: '$(stop-circle) Stop After This Epoch',
      tooltip: 'Finish the epoch that is under way, keep the models, then stop',
      command: commands.stopAfterEpoch,
      run: latest,
    },
    {
      title: '$(debug-stop) Stop Now',
      tooltip: 'Stop after the step that is under way; the last finished epoch is kept',
      command: commands.stopNow,
      run: latest,
    },
    ...past,
  ];
}

function resumeLens(run: RunModel): Lens {
  const { progress } = run;
  return {
    title: `$(debug-continue) ${progress ? `Resume at ${percent(progress.fraction)}` : 'Resume'}`,
    tooltip:
      'Go on with the last run from its last checkpoint, with the file as it was then: it ends as it would have ended',
    command: commands.resume,
    run,
  };
}

function lastResult(latest: RunModel | undefined, withResult: RunModel | undefined): Lens[] {
  const shown = latest && !isLive(latest) ? latest : withResult;
  if (!shown) return [];
  const text = lastInWords(shown);
  return [
    { title: text, tooltip: 'Open the dashboard of this run', command: commands.openDashboard, run: shown },
  ];
}

function lastInWords(run: RunModel): string {
  const words = result(run);
  if (run.state === 'done' && words !== undefined) {
    const icon = failedExpectations(run) > 0 ? '$(warning)' : '$(pass)';
    return `${icon} Last: ${words}`;
  }
  return `${run.state === 'stopped' ? '$(circle-slash)' : '$(error)'} Last: ${lowerFirst(shorten(stateInWords(run)))}`;
}

/** A lens is one line: the dashboard tells the rest. */
function shorten(text: string): string {
  return text.length > 90 ? `${text.slice(0, 89).trimEnd()}…` : text;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
