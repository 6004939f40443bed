// What every question about a payment is asked with.
import type { Schemas } from '../../../api/client';

export interface AskedPayment {
  payment: Schemas['Payment'];
  /** The revision of the payment that is shown, for `If-Match`. */
  tag: string | undefined;
  close: () => void;
  finished: () => void;
  /** Loads the payment again, after a conflict. */
  reload: () => void;
}
