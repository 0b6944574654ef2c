import * as z from 'zod';

/** What an editor says about a key. Markdown; every text is shown as it stands in hovers and completion. */
export interface KeyDoc {
  /** One sentence: what the key means. */
  summary: string;
  /** What larger and smaller values do, and how the default was chosen. */
  effect?: string;
  /** The formula in readable mathematics, where there is one. */
  formula?: string;
  /** Where it comes from, e.g. `Hinton, Vinyals & Dean 2015, arXiv:1503.02531, eq. 1–4`. */
  citation?: string;
  unit?: string;
  /** A value to insert when the key is completed, written as YAML. */
  example?: string;
}

/** Attaches the documentation that completion, hover, the JSON Schema and the reference page show. */
export function documented<S extends z.ZodType>(schema: S, doc: KeyDoc): S {
  return schema.meta({ description: doc.summary, distillery: doc });
}

/** The documentation nearest to a schema: its own, else that of what it wraps. */
export function docOf(schema: z.ZodType): KeyDoc | undefined {
  const doc = schema.meta()?.['distillery'] as KeyDoc | undefined;
  if (doc) return doc;
  const inner = unwrap(schema);
  return inner === schema ? undefined : docOf(inner);
}

/** Peels `optional`, `default` and `nullable` off a schema, one layer at a time. */
export function unwrap(schema: z.ZodType): z.ZodType {
  const def = schema.def as { type: string; innerType?: z.ZodType };
  return def.innerType && ['optional', 'default', 'prefault', 'nullable'].includes(def.type)
    ? def.innerType
    : schema;
}

/**
 * A map that has exactly one of `variants` (`{adam: …}` or `{sgd: …}`), beside `common` keys that any of them may have.
 * YAML has no tagged unions that read well; a single key that names the choice does.
 */
export function exactlyOneOf<V extends z.core.$ZodShape, C extends z.core.$ZodShape>(
  what: string,
  variants: V,
  common: C,
) {
  const optional = Object.fromEntries(
    Object.entries(variants).map(([key, schema]) => [key, (schema as z.ZodType).optional()]),
  ) as { [K in keyof V]: z.ZodOptional<V[K] extends z.ZodType ? V[K] : z.ZodType> };
  return z
    .strictObject({ ...optional, ...common })
    .meta({ exactlyOneOf: Object.keys(variants), what })
    .superRefine((value, context) => {
      const given = Object.keys(variants).filter(
        (key) => (value as Record<string, unknown>)[key] !== undefined,
      );
      if (given.length === 1) return;
      const choices = Object.keys(variants).join(', ');
      context.addIssue({
        code: 'custom',
        params: {
          distillery: given.length === 0 ? 'choice.missing' : 'choice.several',
          choices: Object.keys(variants),
        },
        message:
          given.length === 0
            ? `This ${what} does not say which kind it is: give exactly one of ${choices}.`
            : `This ${what} names ${given.join(' and ')}: keep exactly one of them.`,
      });
    });
}
