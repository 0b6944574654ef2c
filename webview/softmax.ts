/** Soft labels: softmax(logits / T). Shape: one probability a class; they add up to 1. `temperature` is above 0. */
export function softmax(logits: readonly number[], temperature: number): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp((logit - largest) / temperature));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** The mean of several distributions over the same classes. */
export function meanOf(distributions: readonly (readonly number[])[]): number[] {
  const [first = []] = distributions;
  return first.map((_, i) => distributions.reduce((sum, p) => sum + p[i]!, 0) / distributions.length);
}
