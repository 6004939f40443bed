import { expect, it } from 'vitest';
import { asked, fileOf, NAMES, told } from './asked';

const query = (values: Record<string, string>) => new URLSearchParams(values);

it('a file is asked for with every filter that is in force, and the span that the list has', () => {
  const values = { destination: '254722000000', sender: 'ACME', account: 'acme', country: 'KE', operator: 'alpha', state: 'delivered', dispatch_id: 'spring' };
  const filters = asked(query({ ...values, to: '2026-01-31' }));
  const file = fileOf(filters, '2026-01-24T00:00:00Z');
  expect(file).toEqual({ ...values, from: '2026-01-24T00:00:00Z', to: filters.to });
  expect(told(filters).map(([label]) => label)).toEqual(['Number', 'Sender', 'Account', 'Country', 'Operator', 'State', 'Dispatch']);
  // Each filter of the screen is in the file, or there is none.
  for (const name of NAMES) {
    const only = fileOf(asked(query({ [name]: 'x' })), undefined);
    expect(typeof only === 'string' || only[name as keyof typeof only] === 'x', name).toBe(true);
  }
});

it('there is no file of refused messages, nor of one by its id', () => {
  for (const values of [{ state: 'refused' }, { reason: 'spending_cap' }, { message_id: '12' }] as Record<string, string>[]) {
    expect(typeof fileOf(asked(query(values)), undefined)).toBe('string');
  }
});
