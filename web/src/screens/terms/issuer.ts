// Whoever issues invoices, in words and as it is typed.
import type { Schemas } from '../../api/client';
import type { FieldNames } from '../../api/merge';
import { addressText, PARTY_FIELDS, text, typedParty, wantedParty, type TypedParty } from './party';

export type Issuer = Schemas['Issuer'];

/** What the form holds: every field as the text that is typed. */
export interface TypedIssuer extends TypedParty {
  phone: string;
  website: string;
  holder: string;
  accountNumber: string;
  bic: string;
  bankName: string;
  taxName: string;
  paymentTerms: string;
}

export const ISSUER_FIELDS: FieldNames<TypedIssuer> = {
  ...PARTY_FIELDS,
  phone: { label: 'Telephone' },
  website: { label: 'Pages in the web' },
  holder: { label: 'Holder of the bank account' },
  accountNumber: { label: 'IBAN or account number' },
  bic: { label: 'BIC' },
  bankName: { label: 'Bank' },
  taxName: { label: 'Name of the tax' },
  paymentTerms: { label: 'Terms of payment' },
};

/** An issuer as the form begins with. */
export function typedIssuer({ party, bank, tax_name, payment_terms }: Issuer): TypedIssuer {
  return {
    ...typedParty(party),
    phone: party.phone ?? '',
    website: party.website ?? '',
    holder: bank?.holder ?? '',
    accountNumber: bank?.account_number ?? '',
    bic: bank?.bic ?? '',
    bankName: bank?.bank_name ?? '',
    taxName: tax_name ?? '',
    paymentTerms: payment_terms ?? '',
  };
}

/** The issuer that a form asks for. A bank account with nothing in it is none. */
export function wantedIssuer(before: Issuer, form: TypedIssuer): Issuer {
  const bank = { ...before.bank, holder: text(form.holder), account_number: form.accountNumber.trim(), bic: text(form.bic), bank_name: text(form.bankName) };
  const hasBank = bank.holder || bank.account_number || bank.bic || bank.bank_name;
  return {
    ...before,
    party: { ...wantedParty(before.party, form), phone: text(form.phone), website: text(form.website) },
    bank: hasBank ? bank : null,
    tax_name: text(form.taxName),
    payment_terms: text(form.paymentTerms),
  };
}

/** An issuer line by line, as people read it. */
export function issuerLines({ party, bank, tax_name, payment_terms }: Issuer): [name: string, text: string][] {
  return [
    ['Name', party.name ?? 'the name of the account'],
    ['Address', addressText(party) || '–'],
    ['Tax id', [tax_name, party.tax_id].filter(Boolean).join(' ') || '–'],
    ['Registered as', party.registration ?? '–'],
    ['Contact', [party.email, party.phone, party.website].filter(Boolean).join(', ') || '–'],
    ['Paid to', bank ? [bank.holder, bank.account_number, bank.bic, bank.bank_name].filter(Boolean).join(', ') : 'no bank account'],
    ['Terms of payment', payment_terms ?? '–'],
  ];
}

/** What a form would change, line by line. */
export function issuerChanges(before: Issuer, after: Issuer): { name: string; from: string; to: string }[] {
  const was = issuerLines(before);
  return issuerLines(after).flatMap(([name, to], at) => (was[at]?.[1] === to ? [] : [{ name, from: was[at]?.[1] ?? '', to }]));
}
