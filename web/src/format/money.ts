// Amounts of money as text. The API gives decimal numbers as text, with up to six decimals; nothing here is ever a float.

const DECIMALS = 6;
const UNIT = 10n ** BigInt(DECIMALS);
const FORM = /^([+-]?)(\d+)(?:\.(\d{1,6}))?$/;

/** An amount as the document has it. Answers have text; the document lets a request have a number too. */
export type Amount = string | number;

/** An amount that an answer may not tell: what another level of a chain pays is null. */
export type Told = Amount | null | undefined;

/** Millionths of a decimal number, or `undefined` where the text is none. */
export function micros(text: Told): bigint | undefined {
  const found = FORM.exec(String(text).trim());
  if (!found) return undefined;
  const [, sign, whole = '0', decimals = ''] = found;
  const amount = BigInt(whole) * UNIT + BigInt(decimals.padEnd(DECIMALS, '0'));
  return sign === '-' ? -amount : amount;
}

/** The decimal number of millionths, as the API takes it. */
export function decimal(amount: bigint): string {
  const size = amount < 0n ? -amount : amount;
  const decimals = (size % UNIT).toString().padStart(DECIMALS, '0').replace(/0+$/, '');
  const text = (size / UNIT).toString() + (decimals ? `.${decimals}` : '');
  return amount < 0n ? `-${text}` : text;
}

/** The sum of amounts of one currency. */
export function sum(amounts: Iterable<Told>): string {
  let total = 0n;
  for (const amount of amounts) total += micros(amount) ?? 0n;
  return decimal(total);
}

/** One amount less another. */
export function difference(from: Told, less: Told): string {
  return decimal((micros(from) ?? 0n) - (micros(less) ?? 0n));
}

/** True below zero. */
export function isNegative(amount: Told): boolean {
  return (micros(amount) ?? 0n) < 0n;
}

/** −1, 0 or 1 as the first amount is less than, equal to or more than the second. */
export function compare(one: Told, other: Told): number {
  const by = (micros(one) ?? 0n) - (micros(other) ?? 0n);
  return by < 0n ? -1 : by > 0n ? 1 : 0;
}

/** An amount for people: digits in groups, at least two decimals and no zeros behind them, a true minus; a dash where it is not told. */
export function money(amount: Told, currency?: string | null): string {
  if (amount === null || amount === undefined) return '–';
  const value = micros(amount);
  if (value === undefined) return String(amount);
  const size = value < 0n ? -value : value;
  const decimals = (size % UNIT).toString().padStart(DECIMALS, '0').replace(/0{1,4}$/, '');
  const text = `${value < 0n ? '−' : ''}${grouped((size / UNIT).toString())}.${decimals}`;
  return currency ? `${text} ${currency}` : text;
}

/** An amount rounded for a tile or an axis, half away from zero, at two decimals. What is exact stands in the table beside. */
export function rounded(amount: Told, currency?: string | null): string {
  if (amount === null || amount === undefined) return '–';
  const value = micros(amount);
  if (value === undefined) return String(amount);
  const size = value < 0n ? -value : value;
  const cents = (size + 5_000n) / 10_000n;
  return money(decimal((value < 0n ? -cents : cents) * 10_000n), currency);
}

/** Digits in groups of three. */
export function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}
