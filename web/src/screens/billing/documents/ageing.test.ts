import { expect, test } from 'vitest';
import { sumsByCurrency } from './ageing';

const row = (account: string, currency: string, total: string) => ({
  account, currency, total, not_due: total, days_1_to_30: '0.00', days_31_to_60: '0.00', days_61_to_90: '0.00', days_over_90: '0.00', invoices: 1,
});

test('what is owed is added up within a currency, and never over two', () => {
  const sums = sumsByCurrency([row('one', 'USD', '0.10'), row('two', 'EUR', '5.00'), row('three', 'USD', '0.20')]);
  expect(sums.map(({ currency, total }) => [currency, total])).toEqual([['EUR', '5'], ['USD', '0.3']]);
  expect(sumsByCurrency([])).toEqual([]);
});
