import type { KeyDescription, ValueDescription } from '../../experiment/describe';
import type { KeyDoc } from '../../experiment/schema/documented';

/** Everything there is to say about a key: meaning, what may stand there, effect, formula, source. */
export function keyMarkdown(key: KeyDescription): string {
  return [`**${key.name}** — ${facts(key)}`, ...docParts(key.doc), ...choiceParts(key.value)].join('\n\n');
}

/** The same for an item of a list, which has no key. */
export function itemMarkdown(value: ValueDescription): string {
  return [...docParts(value.doc), `Allowed: ${value.phrase}.`, ...choiceParts(value)].join('\n\n');
}

export function docMarkdown(doc: KeyDoc | undefined): string {
  return docParts(doc).join('\n\n');
}

/** Default, unit and bounds on one line; a phrase that only repeats the kinds of a map is left out. */
function facts({ required, kind, value, doc }: KeyDescription): string {
  const unit = doc?.unit === undefined ? '' : `, in ${doc.unit}`;
  const standing = kind
    ? 'names the kind'
    : required
      ? 'required'
      : value.defaultText === undefined
        ? 'optional'
        : `default \`${value.defaultText}\``;
  return `${value.phrase}${unit} *(${standing})*`;
}

function docParts(doc: KeyDoc | undefined): string[] {
  if (!doc) return [];
  return [
    doc.summary,
    ...(doc.formula === undefined ? [] : [`\`\`\`text\n${doc.formula}\n\`\`\``]),
    ...(doc.effect === undefined ? [] : [doc.effect]),
    ...(doc.citation === undefined ? [] : [`*${doc.citation}*`]),
  ];
}

/** Words that have a documentation of their own, which is not that of the whole value. */
function choiceParts(value: ValueDescription): string[] {
  const documented = value.choices.filter(({ doc }) => doc && doc !== value.doc);
  if (new Set(documented.map(({ doc }) => doc)).size < documented.length) return [];
  return documented.length === 0
    ? []
    : [documented.map(({ word, doc }) => `- \`${word}\`: ${doc!.summary}`).join('\n')];
}
