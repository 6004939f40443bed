import { expect, it } from 'vitest';
import { count, latency, many, percent, share, words } from './number';

it('writes counts, shares and times for people', () => {
  expect(count(1234567)).toBe('1,234,567');
  expect(count(-1234)).toBe('−1,234');
  expect(percent(1, 3)).toBe('33.3 %');
  expect(percent(0, 0)).toBe('–');
  expect([latency(0), latency(900), latency(1_500), latency(85_000), latency(2_500_000)]).toEqual(['–', '900 µs', '1.5 ms', '85 ms', '2.5 s']);
  expect(words('half_open')).toBe('half open');
});

it('shows a share of the API with one decimal', () => {
  expect([share('96.0784'), share('100'), share(0), share(null)]).toEqual(['96.1 %', '100.0 %', '0.0 %', '–']);
});

it('counts nouns, one of them in the singular', () => {
  expect([many(0, 'message'), many(1, 'message'), many(1n, 'row'), many(2, 'message'), many(1200, 'entry', 'entries')]).toEqual(['0 messages', '1 message', '1 row', '2 messages', '1,200 entries']);
});
