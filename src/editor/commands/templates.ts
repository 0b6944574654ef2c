import { experimentName } from '../experiments';
import { experimentSuffix } from '../contributions';

/** What the list of templates shows of an experiment file. */
export interface TemplateChoice {
  label: string;
  detail: string;
}

/** The name that the experiment gives itself, and the comment at its top. */
export function templateChoice(file: string, text: string): TemplateChoice {
  const name = /^name:\s*(.+?)\s*$/m.exec(text)?.[1]?.replace(/^(["'])(.*)\1$/, '$2');
  const lines = text.split(/\r?\n/);
  const end = lines.findIndex((line) => !line.startsWith('#'));
  const comment = lines.slice(0, Math.max(0, end)).map((line) => line.replace(/^#\s?/, '').trim());
  return { label: name ?? experimentName(file), detail: comment.join(' ') };
}

/** `my-experiment.distill.yaml` for `My experiment`; a name that is written out as a file's stays as it is. */
export function fileNameFor(name: string): string {
  const plain = name
    .trim()
    .replace(/\.distill\.yaml$/, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}._]+/gu, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return `${plain || 'experiment'}${experimentSuffix}`;
}

/** The template with the new experiment's own name. A name that YAML would read as something else is quoted. */
export function withName(text: string, name: string): string {
  const written =
    /^[\p{L}][\p{L}\p{N} _.()/+-]*$/u.test(name) && !reserved.test(name) ? name : JSON.stringify(name);
  return text.replace(/^name:.*$/m, () => `name: ${written}`);
}

const reserved = /^(true|false|yes|no|on|off|null|y|n)$/i;
