import { expect, test } from 'vitest';
import { changes, lines, typed, wanted, type Terms } from './terms';

const party = { name: 'Acme Ltd', address_lines: ['Moi Avenue 1'], postal_code: '00100', city: 'Nairobi', country: 'KE', tax_id: null, registration: null, email: null, phone: '+254 1', website: null };
const before: Terms = {
  party, billing_emails: [], cycle: 'monthly', due_days: null, send_automatically: null, refunds: 'next_invoice',
  tax: { category: 'outside_scope', rate_percent: '0', reason: 'Not subject to tax' },
  in_force: { due_days: 30, send_automatically: false, time_zone: 'Africa/Nairobi', issuer: 'House', issued_by: null },
};

test('a form that is left alone asks for what there is, and sends nothing that is only shown', () => {
  const same = wanted(before, typed(before));
  expect({ ...same, in_force: before.in_force }).toEqual(before);
  expect(same?.in_force).toBeNull();
  expect(changes(before, same)).toEqual([]);
});

test('what is changed stands line by line, and what a form does not show stays', () => {
  const after = wanted(before, { ...typed(before), cycle: 'weekly', dueDays: '14', category: 'standard', rate: '16', country: 'ug' });
  expect(after?.party.phone).toBe('+254 1');
  expect(after?.tax).toEqual({ category: 'standard', rate_percent: '16', reason: null });
  expect(changes(before, after).map(({ name, to }) => [name, to])).toEqual([
    ['Invoiced', 'every week, from Monday on'],
    ['Due', '14 days after sending'],
    ['Tax', '16 %'],
    ['Address', 'Moi Avenue 1, 00100 Nairobi UG'],
  ]);
  expect(changes(before, after)[1]?.from).toBe('30 days after sending, as for every account');
});

test('the addresses that mails go to are typed one a line', () => {
  const form = { ...typed(before), billingEmails: 'ap@acme.example\n\n cfo@acme.example, ' };
  expect(wanted(before, form)?.billing_emails).toEqual(['ap@acme.example', 'cfo@acme.example']);
  expect(changes(before, wanted(before, form))).toEqual([{ name: 'Mails go to', from: 'the e-mail address of the account', to: 'ap@acme.example, cfo@acme.example' }]);
  expect(typed({ ...before, billing_emails: ['ap@acme.example', 'cfo@acme.example'] }).billingEmails).toBe('ap@acme.example\ncfo@acme.example');
});

test('a rate or days that are none yet are not asked for', () => {
  for (const form of [{ dueDays: 'soon' }, { category: 'standard' as const, rate: '' }, { category: 'standard' as const, rate: '1,6' }]) {
    expect(wanted(before, { ...typed(before), ...form })).toBeUndefined();
  }
});

test('another category gets its own reason unless one is typed', () => {
  expect(wanted(before, { ...typed(before), category: 'export' })?.tax.reason).toBeNull();
  expect(wanted(before, { ...typed(before), category: 'export', reason: 'By treaty' })?.tax.reason).toBe('By treaty');
  expect(lines(before, before.in_force)[4]).toEqual(['Tax', 'none: Not subject to tax']);
});
