// What an operator's score is made of, as docs/operators.md has it. The server says the score; these are its factors for people.
import type { Schemas } from '../../api/client';

type Point = Schemas['HealthPoint'];

/** A factor of the score between 0 and 1, with what it was made of. */
export interface Factor {
  name: string;
  value: number;
  why: string;
}

/** The factors of the last minute; none while no link is bound, as the score is zero then. */
export function factors(now: Point): Factor[] {
  if (!now.bound) return [];
  const good = now.accepted + 10;
  const bad = 2 * now.lost + now.temporary + now.throttled / 2 + now.permanent / 4;
  return [
    {
      name: 'Answers',
      value: (good / (good + bad)) ** 2,
      why: `${now.accepted} accepted, ${now.lost} lost, ${now.temporary} refused for now, ${now.throttled} throttled, ${now.permanent} refused for good`,
    },
    { name: 'Delivery', value: 0.5 + (0.5 * (now.delivered + 10)) / (now.receipts + 10), why: `${now.delivered} of ${now.receipts} receipts say delivered` },
    { name: 'Latency', value: down(now.latency_p95_micros / 250_000, 0.1, 0.5), why: `95 of 100 answers within ${Math.round(now.latency_p95_micros / 1000)} ms; full up to 250 ms` },
    { name: 'Receipt delay', value: down(now.receipt_delay_micros / 10_000_000, 0.05, 0.7), why: `half of the receipts within ${(now.receipt_delay_micros / 1e6).toFixed(1)} s; full up to 10 s` },
    { name: 'Window fill', value: now.window_fill_percent <= 80 ? 1 : 1 - (0.1 * (now.window_fill_percent - 80)) / 20, why: `${now.window_fill_percent} % of the windows in use; full up to 80 %` },
  ];
}

/** The score that the factors come to. */
export function scoreOf(now: Point): number {
  return now.bound ? Math.round(100 * factors(now).reduce((product, factor) => product * factor.value, 1)) : 0;
}

// One up to where the bound is met, less for each doubling, and never below the least.
function down(times: number, less: number, least: number): number {
  return times <= 1 ? 1 : Math.max(least, 1 - less * Math.log2(times));
}
