import type { Document } from 'yaml';
import { fillEmptyMaps } from './emptyMaps';
import { translateIssues } from './messages';
import type { ExperimentPath, Problem, SourceRange } from './problems';
import { resolveExperiment } from './resolve';
import type { ResolvedExperiment } from './resolved';
import { experimentSchema } from './schema/experiment';
import { checkSemantics } from './semantics';
import type { EntryPart, SourceMap } from './sourceMap';
import { readYaml } from './yamlText';

export interface ParsedExperiment {
  /** In the order of the text. */
  problems: Problem[];
  /** Null when a problem is an error. */
  experiment: ResolvedExperiment | null;
  /** The place of a path, or of its nearest ancestor; undefined only for a text without content. */
  rangeOf: (path: ExperimentPath, part?: EntryPart) => SourceRange | undefined;
  source: SourceMap;
  document: Document.Parsed;
}

/** More would help nobody, and a file that is something else has thousands. */
const maximumProblems = 100;

/** Reads an experiment file. Never throws: whatever is wrong becomes a problem with its place in the text. */
export function parseExperiment(text: string, options: { fileName?: string } = {}): ParsedExperiment {
  const { document, source, problems, data } = readYaml(text);
  let experiment: ResolvedExperiment | null = null;
  if (problems.length === 0) {
    const filled = fillEmptyMaps(data, experimentSchema);
    const checked = experimentSchema.safeParse(filled);
    if (checked.success) {
      problems.push(...checkSemantics(checked.data, source));
      if (problems.every((problem) => problem.severity !== 'error'))
        experiment = resolveExperiment(checked.data, options.fileName);
    } else problems.push(...translateIssues(checked.error.issues, filled, source));
  }
  problems.sort((a, b) => a.range.start.offset - b.range.start.offset);
  return {
    problems: problems.slice(0, maximumProblems),
    experiment,
    rangeOf: (path, part) => source.rangeOf(path, part),
    source,
    document,
  };
}
