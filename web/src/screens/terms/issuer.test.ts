import { expect, test } from 'vitest';
import { issuerChanges, issuerLines, typedIssuer, wantedIssuer, type Issuer } from './issuer';

const before: Issuer = {
  party: { name: 'BrightReach Ltd', address_lines: ['Moi Avenue 1'], postal_code: '00100', city: 'Nairobi', country: 'KE', tax_id: 'P1', registration: null, email: null, phone: '+254 1', website: null },
  bank: { account_number: 'KE59 0000', bic: 'KCBLKENX', holder: null, bank_name: 'KCB' },
  tax_name: 'VAT',
  payment_terms: 'Within 14 days.',
};
const none: Issuer = { party: { ...before.party, name: null, address_lines: [], postal_code: null, city: null, country: null, tax_id: null, phone: null }, bank: null, tax_name: null, payment_terms: null };

test('a form that is left alone asks for what there is, with a bank account and without', () => {
  for (const issuer of [before, none]) {
    expect(wantedIssuer(issuer, typedIssuer(issuer))).toEqual(issuer);
    expect(issuerChanges(issuer, issuer)).toEqual([]);
  }
});

test('what is typed stands line by line, and an empty bank account is none', () => {
  const after = wantedIssuer(before, { ...typedIssuer(before), country: 'ug', accountNumber: '', bic: ' ', bankName: '', taxName: 'GST' });
  expect(after.bank).toBeNull();
  expect(issuerChanges(before, after)).toEqual([
    { name: 'Address', from: 'Moi Avenue 1, 00100 Nairobi KE', to: 'Moi Avenue 1, 00100 Nairobi UG' },
    { name: 'Tax id', from: 'VAT P1', to: 'GST P1' },
    { name: 'Paid to', from: 'KE59 0000, KCBLKENX, KCB', to: 'no bank account' },
  ]);
  expect(issuerLines(none).map(([, text]) => text)).toContain('the name of the account');
  // A holder alone is asked for with an account number that is missing, which the server names.
  expect(wantedIssuer(none, { ...typedIssuer(none), holder: 'BrightReach' }).bank).toMatchObject({ holder: 'BrightReach', account_number: '' });
});
