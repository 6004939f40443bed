import { expect, test } from 'vitest';
import { grouped } from './resales';

const line = (child: string, country: string | null, messages: number, sold: string, margin: string | null, currency = 'USD') => ({
  child, child_currency: currency, country, network: '639/02', messages, segments: messages, sold, bought: '0.01', margin, billed: '0.00', commission: '0.001',
});
const lines = [line('one', 'KE', 1, '0.02', '0.01'), line('one', 'UG', 5, '0.10', null), line('two', 'KE', 2, '0.05', '0.02'), line('three', null, 1, '0.03', '0.01', 'EUR')];

test('lines are added up by account, the largest first, and a margin only where all are known', () => {
  const rows = grouped(lines, 'account');
  expect(rows.map(({ name, messages, sold, margin }) => [name, messages, sold, margin])).toEqual([
    ['one', 6, '0.12', undefined], ['two', 2, '0.05', '0.02'], ['three', 1, '0.03', '0.01'],
  ]);
});

test('by country, currencies stay apart and numbers of no country have a row', () => {
  expect(grouped(lines, 'country').map(({ name, currency, messages }) => [name, currency, messages])).toEqual([['UG', 'USD', 5], ['KE', 'USD', 3], ['no country', 'EUR', 1]]);
});
