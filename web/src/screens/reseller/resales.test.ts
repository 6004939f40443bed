import { expect, it } from 'vitest';
import { byCustomer } from './resales';

const LINE = { child: 'tinyshop', child_currency: 'USD', messages: 2, sold: '0.10', bought: '0.06', margin: '0.04', billed: '0.00', commission: '0.00' };

it('adds up the networks of each customer, to the millionth', () => {
  const other = { ...LINE, child: 'cityclinic', margin: null };
  expect(byCustomer([LINE, { ...LINE, sold: '0.000001', margin: '-0.02' }, other])).toEqual([
    { child: 'tinyshop', currency: 'USD', messages: 4, sold: '0.100001', bought: '0.12', margin: '0.02', billed: '0', commission: '0' },
    { child: 'cityclinic', currency: 'USD', messages: 2, sold: '0.1', bought: '0.06', margin: undefined, billed: '0', commission: '0' },
  ]);
  expect(byCustomer([])).toEqual([]);
});
