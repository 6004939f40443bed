// All operators at one moment, as one.
import type { Schemas } from '../../api/client';

export interface Moment {
  /** Milliseconds since 1970. */
  at: number;
  operators: number;
  available: number;
  perSecond: number;
  accepted: number;
  refused: number;
  lost: number;
  receipts: number;
  delivered: number;
  queued: number;
  inFlight: number;
  window: number;
  /** Of the slowest, in microseconds. */
  p95: number;
}

/** The sums of the last minute over all operators. */
export function together(health: Schemas['OperatorHealth'][], at: number): Moment {
  const all = (part: (one: Schemas['OperatorHealth']) => number) => health.reduce((total, one) => total + part(one), 0);
  return {
    at,
    operators: health.length,
    available: health.filter(({ available }) => available).length,
    perSecond: all(({ now }) => now.per_second),
    accepted: all(({ now }) => now.accepted),
    refused: all(({ now }) => now.temporary + now.permanent + now.throttled),
    lost: all(({ now }) => now.lost),
    receipts: all(({ now }) => now.receipts),
    delivered: all(({ now }) => now.delivered),
    queued: all(({ queued }) => queued),
    inFlight: all(({ in_flight }) => in_flight),
    window: all(({ window }) => window),
    p95: Math.max(0, ...health.map(({ now }) => now.latency_p95_micros)),
  };
}
