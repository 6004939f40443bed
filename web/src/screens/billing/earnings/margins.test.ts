import { expect, test } from 'vitest';
import { canBe, currencies, drawing, groupsOf, rows, share } from './margins';

const money = (revenue: string, converted_cost: string, margin: string) => [
  { currency: 'USD', revenue, cost: '0.00', converted_cost, margin },
  { currency: 'EUR', revenue: '0.00', cost: '0.40', converted_cost: '0.00', margin: '0.00' },
];
const series = {
  measures: [], by: 'country' as const, step: 'day' as const, time_zone: 'UTC', from: '', to: '', as_of: '', kept_from: null,
  totals: { money: money('3.00', '1.00', '2.00'), messages: 3 },
  groups: [
    { key: 'KE', name: 'Kenya', is_other: false, totals: { money: money('2.00', '0.50', '1.50'), messages: 2, segments: 3, margin_unknown: 1 }, points: [{ at: '2026-11-01T00:00:00Z', money: money('2.00', '0.50', '1.50') }] },
    { key: null, name: null, is_other: true, totals: { money: money('1.00', '0.50', '0.50'), messages: 1 }, points: [] },
  ],
};

test('groups have a row for each currency in which something moved', () => {
  expect(rows(series).map(({ name, currency, revenue, messages, unknown }) => [name, currency, revenue, messages, unknown])).toEqual([
    ['Kenya (KE)', 'USD', '2.00', 2, 1], ['all others', 'USD', '1.00', 1, 0],
  ]);
  expect(currencies(series)).toEqual(['USD']);
  expect(rows(series)[0]?.asked).toBe('0.40 EUR');
});

test('lines are read from the exact amounts', () => {
  const { times, lines } = drawing(series, 'USD');
  expect(times).toEqual([Date.UTC(2026, 10, 1) / 1000]);
  expect(lines.map(({ name, text }) => [name, text?.(0)])).toEqual([['Revenue', '2.00 USD'], ['Cost', '0.50 USD'], ['Margin', '1.50 USD']]);
});

test('only parts that are kept together are asked for together, and no more than an answer holds', () => {
  expect(canBe('country', 'account')).toBe(true);
  expect(canBe('account', 'network')).toBe(true);
  expect(canBe('operator', 'account')).toBe(false);
  expect(canBe('account', 'account')).toBe(false);
  expect(groupsOf(30)).toBe(100);
  expect(groupsOf(365)).toBe(15);
});

test('shares are exact to the tenth of a percent', () => {
  expect(share('1.50', '2.00')).toBe('75.0 %');
  expect(share('-0.001', '1.00')).toBe('−0.1 %');
  expect(share('1', '3')).toBe('33.3 %');
  expect(share('1', '0')).toBeUndefined();
});
