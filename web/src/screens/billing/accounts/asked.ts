// What every question about an account is asked with.
import type { Schemas } from '../../../api/client';

export interface Asked {
  account: Schemas['Account'];
  wallet: Schemas['Wallet'];
  /** The revision of the account that is shown, for `If-Match`. */
  tag: string | undefined;
  close: () => void;
  finished: () => void;
  /** Loads the account again, after a conflict. */
  reload: () => void;
}
