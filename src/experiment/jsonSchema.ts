import { parse } from 'yaml';
import * as z from 'zod';
import type { KeyDoc } from './schema/documented';
import { experimentSchema } from './schema/experiment';

type Json = Record<string, unknown>;

/**
 * The experiment language as JSON Schema (draft 7), for YAML tools that do not know ours. It says the same as our own
 * checks except for rules that span several keys.
 */
export function experimentJsonSchema(): object {
  const schema = z.toJSONSchema(experimentSchema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema }) => rewrite(jsonSchema as Json),
  });
  return { title: 'Distillery experiment', ...schema };
}

/** Puts the documentation where other editors look for it, and writes "exactly one of these keys" as they know it. */
function rewrite(schema: Json): void {
  const { distillery, exactlyOneOf } = schema as { distillery?: KeyDoc; exactlyOneOf?: string[] };
  delete schema['distillery'];
  delete schema['exactlyOneOf'];
  delete schema['what'];
  // Integers are bounded by what a number can hold, which nobody needs to read.
  if (schema['maximum'] === Number.MAX_SAFE_INTEGER) delete schema['maximum'];
  if (schema['minimum'] === Number.MIN_SAFE_INTEGER) delete schema['minimum'];
  if (exactlyOneOf) schema['oneOf'] = exactlyOneOf.map((key) => ({ required: [key] }));
  // A map that needs no key may be left empty, as in `ce:` with nothing after it.
  if (schema['type'] === 'object' && !schema['required'] && !exactlyOneOf)
    schema['type'] = ['object', 'null'];
  if (!distillery) return;
  if (distillery.example !== undefined) schema['examples'] = [parse(distillery.example)];
  schema['description'] = distillery.summary;
  schema['markdownDescription'] = [
    distillery.summary,
    distillery.formula && `\`${distillery.formula}\``,
    distillery.effect,
    distillery.citation && `*${distillery.citation}*`,
  ]
    .filter(Boolean)
    .join('\n\n');
}
