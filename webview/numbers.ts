/** 12,345 */
export const count = (value: number): string => whole.format(value);

/** 742.3: at most one digit after the point, none where there is nothing to say. */
export const mean = (value: number): string => oneDigit.format(value);

/** 1.24M */
export const short = (value: number): string => compact.format(value);

/** 0.9742 → 97.42% */
export const percent = (rate: number): string => percentage.format(rate);

/** 0.9742 → 97.4% */
export const roughPercent = (rate: number): string => roughPercentage.format(rate);

/** 0.1538: four digits after the point. */
export const fourDigits = (value: number): string => fourPlaces.format(value);

/** 4,912,331 → 4.9 MB */
export function bytes(value: number): string {
  if (value < 1e3) return `${whole.format(value)} B`;
  return value < 1e6 ? `${threeDigits.format(value / 1e3)} kB` : `${threeDigits.format(value / 1e6)} MB`;
}

/** Milliseconds, with a unit that fits. */
export function latency(milliseconds: number): string {
  return milliseconds < 1000
    ? `${threeDigits.format(milliseconds)} ms`
    : `${threeDigits.format(milliseconds / 1000)} s`;
}

/** Three significant digits; very small ones as a power of ten. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return 'not a number';
  if (value === 0) return '0';
  return Math.abs(value) < 1e-4 ? value.toExponential(1) : exactlyThree.format(value);
}

/** A mark of an axis: as many digits as it takes, three at most. */
export const mark = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential() : threeDigits.format(value);

/** 112 → 1 min 52 s */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** 5.94 → 5.9×, for how many times one thing is another. */
export const times = (factor: number): string =>
  `${factor < 10 ? oneDigit.format(factor) : whole.format(factor)}×`;

/** Day and time as a person in this time zone says it. */
export const moment = (iso: string): string => dateAndTime.format(new Date(iso));

/** A place on a step or epoch axis: up to two digits after the point. */
export const place = (x: number): string => twoDigits.format(x);

const twoDigits = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const fourPlaces = new Intl.NumberFormat('en', { minimumFractionDigits: 4, maximumFractionDigits: 4 });
const threeDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const exactlyThree = new Intl.NumberFormat('en', {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
const percentage = new Intl.NumberFormat('en', {
  style: 'percent',
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const roughPercentage = new Intl.NumberFormat('en', {
  style: 'percent',
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const dateAndTime = new Intl.DateTimeFormat('en', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
