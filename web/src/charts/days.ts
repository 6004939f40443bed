// The days of an account's usage as lines of a chart.
import type { Schemas } from '../api/client';
import type { Drawing } from './series';
import { money } from '../format/money';
import { count } from '../format/number';
import { midnight } from '../format/zone';

type Day = Schemas['DailyUsage'];

/** Days of a zone, as the places of a chart. */
function places(days: readonly Day[], zone: string): Pick<Drawing, 'times' | 'zone' | 'days'> {
  return { times: days.map((day) => Date.parse(midnight(day.date, zone)) / 1000), zone, days: true };
}

/** Messages by day of a zone, and those of them that were delivered. */
export function messagesByDay(days: readonly Day[], zone: string): Drawing {
  return {
    ...places(days, zone),
    lines: [
      { name: 'Sent', values: days.map((day) => day.messages_sent), text: (at) => count(days[at]?.messages_sent ?? 0), colour: 1 },
      { name: 'Delivered', values: days.map((day) => day.messages_delivered), text: (at) => count(days[at]?.messages_delivered ?? 0), colour: 3 },
      { name: 'Failed', values: days.map((day) => day.messages_failed), text: (at) => count(days[at]?.messages_failed ?? 0), colour: 2 },
    ],
  };
}

/** What each day has cost. Its place is drawn by the number, and read by the exact amount. */
export function costByDay(days: readonly Day[], zone: string, currency: string): Drawing {
  return {
    ...places(days, zone),
    lines: [{ name: 'Spent', values: days.map((day) => Number(day.cost ?? 0)), text: (at) => money(days[at]?.cost ?? '0', currency), colour: 5 }],
  };
}
