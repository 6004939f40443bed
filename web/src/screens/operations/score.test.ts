import { expect, it } from 'vitest';
import { factors, scoreOf } from './score';

const POINT = {
  at: '2026-01-01T00:00:00Z', bound: true, score: 0, window_fill_percent: 20, latency_p50_micros: 0, latency_p95_micros: 500_000, latency_p99_micros: 0,
  responses: 960, accepted: 900, temporary: 50, permanent: 0, throttled: 0, lost: 10, receipts: 800, delivered: 700, receipt_delay_micros: 20_000_000, per_second: 16,
};

it('is the example of the document', () => {
  expect(factors(POINT).map((factor) => factor.value.toFixed(3))).toEqual(['0.862', '0.938', '0.900', '0.950', '1.000']);
  expect(scoreOf(POINT)).toBe(69);
});

it('is zero without a link', () => {
  expect(scoreOf({ ...POINT, bound: false })).toBe(0);
  expect(factors({ ...POINT, bound: false })).toEqual([]);
});

it('never falls below the bounds of a factor', () => {
  const slow = factors({ ...POINT, latency_p95_micros: 1e9, receipt_delay_micros: 1e12, window_fill_percent: 100 });
  expect(slow.map((factor) => factor.value.toFixed(2)).slice(2)).toEqual(['0.50', '0.70', '0.90']);
});
