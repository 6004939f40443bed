// Counts and shares as text.
import { grouped } from './money';

/** A whole number in groups of three. */
export function count(value: number | bigint): string {
  const text = value.toString();
  return text.startsWith('-') ? `−${grouped(text.slice(1))}` : grouped(text);
}

/** A share in percent with one decimal; an en dash where there is nothing to share. */
export function percent(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '–';
}

/** A share that the API gives in percent, with one decimal. It is shown, and nothing is reckoned with it. */
export function share(percent: string | number | null | undefined): string {
  return percent == null ? '–' : `${Number(percent).toFixed(1)} %`;
}

/** Microseconds in the unit that suits them. */
export function latency(micros: number): string {
  if (micros <= 0) return '–';
  if (micros < 1_000) return `${micros} µs`;
  if (micros < 1_000_000) return `${(micros / 1_000).toFixed(micros < 10_000 ? 1 : 0)} ms`;
  return `${(micros / 1_000_000).toFixed(1)} s`;
}

/** A word of the API for people: `half_open` becomes "half open". */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

/** A count with its noun: `1 message`, `1,200 messages`. */
export function many(value: number | bigint, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value.toString() === '1' ? noun : nouns}`;
}
