// How long the money of an account lasts at the rate at which it was spent lately.
import { micros, type Amount, type Told } from '../../../format/money';
import { many } from '../../../format/number';

const DAY = 86_400n;

export interface DayCost {
  date: string;
  cost?: Told;
}

/** Seconds of the day that are over in a zone. */
export function secondsOfDay(now: Date, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone: zone }).formatToParts(now);
  const part = (type: string) => Number(parts.find((found) => found.type === type)?.value ?? 0);
  return part('hour') * 3_600 + part('minute') * 60 + part('second');
}

/** Millionths that a day costs: what the days have cost, by the time from the first of them with any cost up to now. */
export function costOfDay(days: readonly DayCost[], today: number): bigint {
  const first = days.findIndex((day) => (micros(day.cost) ?? 0n) > 0n);
  if (first < 0) return 0n;
  let spent = 0n;
  for (const day of days.slice(first)) spent += micros(day.cost) ?? 0n;
  const seconds = BigInt(days.length - first - 1) * DAY + BigInt(Math.max(3_600, today));
  return (spent * DAY) / seconds;
}

/** Whole days that an amount lasts; `undefined` where nothing is spent. */
export function daysLeft(available: Amount, costOfOneDay: bigint): number | undefined {
  if (costOfOneDay <= 0n) return undefined;
  const left = micros(available) ?? 0n;
  return left <= 0n ? 0 : Number(left / costOfOneDay);
}

/** The same for people. */
export function daysText(days: number | undefined): string {
  if (days === undefined) return '–';
  if (days > 365) return 'over a year';
  return days === 0 ? 'under a day' : many(days, 'day');
}
