// What a reseller earns on its customers, out of the lines of a month.
import type { Schemas } from '../../api/client';
import { sum, type Amount } from '../../format/money';

type Line = Pick<Schemas['ResaleLine'], 'child' | 'child_currency' | 'sold' | 'bought' | 'margin' | 'billed' | 'commission' | 'messages'>;

export interface Earned {
  child: string;
  currency: string;
  messages: number;
  sold: Amount;
  bought: Amount;
  /** None where it was bought in another currency than it was sold in. */
  margin: Amount | undefined;
  billed: Amount;
  commission: Amount;
}

/** The lines of each customer together, in the order in which they come. */
export function byCustomer(lines: readonly Line[]): Earned[] {
  const found = new Map<string, Earned>();
  for (const line of lines) {
    const key = `${line.child} ${line.child_currency}`;
    const before = found.get(key) ?? { child: line.child, currency: line.child_currency, messages: 0, sold: '0', bought: '0', margin: '0', billed: '0', commission: '0' };
    found.set(key, {
      ...before,
      messages: before.messages + line.messages,
      sold: sum([before.sold, line.sold]),
      bought: sum([before.bought, line.bought]),
      margin: before.margin === undefined || line.margin === null || line.margin === undefined ? undefined : sum([before.margin, line.margin]),
      billed: sum([before.billed, line.billed]),
      commission: sum([before.commission, line.commission]),
    });
  }
  return [...found.values()];
}
