// The terms of an account's invoices in words, and as they are typed.
import type { Schemas } from '../../api/client';
import { many } from '../../format/number';
import type { FieldNames } from '../../api/merge';
import { addressText, PARTY_FIELDS, text, typedParty, wantedParty, type TypedParty } from './party';

export type Terms = Schemas['InvoiceTerms'];
type Cycle = Schemas['InvoiceCycle'];
type Category = Schemas['TaxCategory'];
type Refunds = Schemas['RefundHandling'];

export const CYCLES: Record<Cycle, string> = { monthly: 'every month', weekly: 'every week, from Monday on', daily: 'every day' };
export const CATEGORIES: Record<Category, string> = {
  standard: 'taxed',
  zero_rated: 'taxed at zero',
  exempt: 'exempt',
  reverse_charge: 'reverse charge: the customer owes it',
  export: 'export outside the tax area',
  outside_scope: 'not subject to tax',
};
export const SENDING: Record<Typed['sending'], string> = { house: 'as for every account', at_once: 'as soon as they are drafted', by_hand: 'once somebody has looked at them' };
export const REFUNDS: Record<Refunds, string> = { next_invoice: 'as a line of the next invoice', credit_note: 'by a credit note' };

/** What a form holds: every field as the text that is typed or chosen. */
export interface Typed extends TypedParty {
  cycle: Cycle;
  dueDays: string;
  sending: 'house' | 'at_once' | 'by_hand';
  refunds: Refunds;
  category: Category;
  rate: string;
  reason: string;
  billingEmails: string;
}

/** The fields of the form, as people know them. */
export const FIELDS: FieldNames<Typed> = {
  cycle: { label: 'Invoiced', text: (cycle) => CYCLES[cycle] },
  dueDays: { label: 'Days until due', text: (days) => days || 'as for every account' },
  sending: { label: 'Drafts are sent', text: (sending) => SENDING[sending] },
  refunds: { label: 'Given back later', text: (refunds) => REFUNDS[refunds] },
  category: { label: 'Tax', text: (category) => CATEGORIES[category] },
  rate: { label: 'Rate in percent' },
  reason: { label: 'Reason on invoices' },
  ...PARTY_FIELDS,
  billingEmails: { label: 'Mails go to' },
};

/** The terms as a form begins with. */
export function typed(terms: Terms): Typed {
  const { party, tax } = terms;
  return {
    cycle: terms.cycle,
    dueDays: terms.due_days == null ? '' : String(terms.due_days),
    sending: terms.send_automatically == null ? 'house' : terms.send_automatically ? 'at_once' : 'by_hand',
    refunds: terms.refunds,
    category: tax.category,
    rate: tax.category === 'standard' ? String(tax.rate_percent ?? '') : '',
    reason: tax.reason ?? '',
    ...typedParty(party),
    billingEmails: terms.billing_emails.join('\n'),
  };
}

const DAYS = /^\d{1,3}$/;
const RATE = /^\d{1,3}(\.\d{1,4})?$/;

/** The terms that a form asks for, with what it does not show as it was; `undefined` while it is not complete. */
export function wanted(before: Terms, form: Typed): Terms | undefined {
  const days = form.dueDays.trim();
  const rate = form.rate.trim();
  const isTaxed = form.category === 'standard';
  if ((days !== '' && !DAYS.test(days)) || (isTaxed && !RATE.test(rate))) return undefined;
  return {
    ...before,
    in_force: null,
    cycle: form.cycle,
    due_days: days === '' ? null : Number(days),
    send_automatically: form.sending === 'house' ? null : form.sending === 'at_once',
    refunds: form.refunds,
    billing_emails: form.billingEmails.split(/[\s,;]+/).filter(Boolean),
    // A reason is for a tax that is not taken; the usual one of a category is given by the server.
    tax: { category: form.category, rate_percent: isTaxed ? rate : '0', reason: isTaxed || form.category !== before.tax.category && form.reason === (before.tax.reason ?? '') ? null : text(form.reason) },
    party: wantedParty(before.party, form),
  };
}

/** The terms line by line, as people read them. `house` says what holds where the account has nothing of its own. */
export function lines(terms: Terms, house: Terms['in_force']): [name: string, text: string][] {
  const { party, tax } = terms;
  const ofHouse = (text: string) => (house ? `${text}, as for every account` : 'as for every account');
  const sent = (atOnce: boolean) => (atOnce ? 'as soon as they are drafted' : 'once somebody has looked at them');
  return [
    ['Invoiced', CYCLES[terms.cycle]],
    ['Due', terms.due_days == null ? ofHouse(`${many(house?.due_days ?? 0, 'day')} after sending`) : `${many(terms.due_days, 'day')} after sending`],
    ['Sent', terms.send_automatically == null ? ofHouse(sent(house?.send_automatically ?? false)) : sent(terms.send_automatically)],
    ['Given back later', REFUNDS[terms.refunds]],
    ['Tax', tax.category === 'standard' ? `${tax.rate_percent} %` : `none: ${tax.reason ?? CATEGORIES[tax.category]}`],
    ['Name on invoices', party.name ?? 'the name of the account'],
    ['Address', addressText(party) || '–'],
    ['Tax id', party.tax_id ?? '–'],
    ['Registered as', party.registration ?? '–'],
    ['E-mail on invoices', party.email ?? '–'],
    ['Mails go to', terms.billing_emails.join(', ') || 'the e-mail address of the account'],
  ];
}

/** What a form would change, line by line. */
export function changes(before: Terms, after: Terms | undefined): { name: string; from: string; to: string }[] {
  if (!after) return [];
  // What holds for every account is known where the account has it now.
  const house = before.in_force;
  const was = lines(before, house);
  return lines(after, null).flatMap(([name, text], at) => {
    const from = was[at]?.[1] ?? '';
    const isSame = lines(before, null)[at]?.[1] === text;
    return isSame ? [] : [{ name, from, to: text }];
  });
}
