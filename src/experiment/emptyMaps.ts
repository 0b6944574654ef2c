import type * as z from 'zod';
import { branches } from './describe';

/** `ce:` with nothing after it is null in YAML, but means `ce: {}` where the schema wants a map and has no word for it. */
export function fillEmptyMaps(data: unknown, schema: z.ZodType): unknown {
  const parts = branches(schema);
  const map = parts.find((part) => part.def.type === 'object');
  if (data === null)
    return map && parts.every((part) => ['object', 'array'].includes(part.def.type)) ? {} : data;
  if (Array.isArray(data)) {
    const list = parts.find((part) => part.def.type === 'array');
    if (!list) return data;
    const { element } = list.def as unknown as { element: z.ZodType };
    return data.map((item: unknown) => fillEmptyMaps(item, element));
  }
  if (typeof data !== 'object' || !map) return data;
  const { shape } = map.def as unknown as { shape: Record<string, z.ZodType> };
  for (const [key, value] of Object.entries(data))
    if (Object.hasOwn(shape, key)) (data as Record<string, unknown>)[key] = fillEmptyMaps(value, shape[key]!);
  return data;
}
