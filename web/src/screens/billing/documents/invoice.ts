// What every question about an invoice is asked with.
import type { Schemas } from '../../../api/client';

export interface AskedInvoice {
  invoice: Schemas['Invoice'];
  /** The revision of the invoice that is shown, for `If-Match`. */
  tag: string | undefined;
  close: () => void;
  reload: () => void;
}

/** Where an invoice is found. */
export function nameOf(invoice: Schemas['Invoice']): string {
  return invoice.invoice_number ?? invoice.id;
}
