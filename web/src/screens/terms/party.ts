// A party of invoices as it is typed: who issues them, or who is to pay.
import type { Schemas } from '../../api/client';
import type { FieldNames } from '../../api/merge';

type Party = Schemas['Party'];

/** The fields of a party in a form, each as the text that is typed. */
export interface TypedParty {
  name: string;
  address: string;
  postalCode: string;
  city: string;
  country: string;
  taxId: string;
  registration: string;
  email: string;
}

export const PARTY_FIELDS: FieldNames<TypedParty> = {
  name: { label: 'Name on invoices' },
  address: { label: 'Street and house' },
  postalCode: { label: 'Postal code' },
  city: { label: 'City' },
  country: { label: 'Country' },
  taxId: { label: 'Tax id' },
  registration: { label: 'Registered as' },
  email: { label: 'E-mail on invoices' },
};

/** A party as a form begins with. */
export function typedParty(party: Party): TypedParty {
  return {
    name: party.name ?? '',
    address: (party.address_lines ?? []).join('\n'),
    postalCode: party.postal_code ?? '',
    city: party.city ?? '',
    country: party.country ?? '',
    taxId: party.tax_id ?? '',
    registration: party.registration ?? '',
    email: party.email ?? '',
  };
}

/** The text of a field; null for none. */
export function text(value: string): string | null {
  return value.trim() || null;
}

/** The party that a form asks for, with what it does not show as it was. */
export function wantedParty(before: Party, form: TypedParty): Party {
  return {
    ...before,
    name: text(form.name),
    address_lines: form.address.split('\n').map((line) => line.trim()).filter(Boolean),
    postal_code: text(form.postalCode),
    city: text(form.city),
    country: text(form.country.toUpperCase()),
    tax_id: text(form.taxId),
    registration: text(form.registration),
    email: text(form.email),
  };
}

/** The address of a party in one line; empty for none. */
export function addressText(party: Party): string {
  const place = [party.postal_code, party.city, party.country].filter(Boolean).join(' ');
  return [...(party.address_lines ?? []), place].filter(Boolean).join(', ');
}
