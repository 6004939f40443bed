// What every question about an invoice is asked with.
import type { Schemas } from '../../../api/client';

export interface AskedInvoice {
  invoice: Schemas['Invoice'];
  /** The revision of the invoice that is shown, for `If-Match`. */
  tag: string | undefined;
  close: () => void;
  reload: () => void;
}

/** What a change of an invoice is sent with: the body and the revision that it is meant for. */
export interface Meant<Body> {
  body: Body;
  tag: string | undefined;
}

/** Where an invoice is found. */
export function nameOf(invoice: Schemas['Invoice']): string {
  return invoice.invoice_number ?? invoice.id;
}
