// What people type into forms about money and days, as the API takes it.
import { decimal, micros } from '../../../format/money';

/** An amount of either sign that was typed, or `undefined` where it is none yet. */
export function entered(text: string): string | undefined {
  const amount = micros(text);
  return amount === undefined ? undefined : decimal(amount);
}

/** An amount above zero that was typed. */
export function enteredAbove(text: string): string | undefined {
  const amount = micros(text);
  return amount === undefined || amount <= 0n ? undefined : decimal(amount);
}

/** An amount of zero or more that was typed. */
export function enteredFrom(text: string): string | undefined {
  const amount = micros(text);
  return amount === undefined || amount < 0n ? undefined : decimal(amount);
}

/** What is wrong with an amount that was typed; nothing while the input is empty. */
export function amountFault(text: string, taken: (text: string) => string | undefined): string | undefined {
  if (text.trim() === '' || taken(text) !== undefined) return undefined;
  return 'An amount such as 1250.00, with a point and at most six decimals, is needed here.';
}

/** A whole number of zero or more that was typed. */
export function enteredCount(text: string): number | undefined {
  const found = /^\d{1,15}$/.exec(text.trim());
  return found ? Number(found[0]) : undefined;
}

/** Texts with commas between them, without spaces and empty ones; `undefined` where there are none. */
export function enteredList(text: string): string[] | undefined {
  const parts = text.split(',').map((part) => part.trim()).filter(Boolean);
  return parts.length > 0 ? parts : undefined;
}
