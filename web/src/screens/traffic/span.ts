// The span of days that somebody picks, in the zone of the account's days.
import { dayAfter, dayOf, midnight } from '../../format/zone';

/** The first instant, and the first that is no longer wanted. A day that is not picked is today. */
export function spanOf({ from, to }: { from: string | null; to: string | null }, zone: string, now = new Date()): { from: string; to: string } {
  const today = dayOf(now, zone);
  const last = to ?? today;
  return { from: midnight(from ?? (last < today ? last : today), zone), to: last < today ? midnight(dayAfter(last), zone) : now.toISOString() };
}

/** The days that have begun: a period such as this month has days that are still to come. */
export function pastDays<Day extends { date: string }>(days: readonly Day[], now: Date, zone: string): Day[] {
  const today = dayOf(now, zone);
  return days.filter(({ date }) => date <= today);
}

/** The earlier of an instant and now, in RFC 3339. */
export function earlier(time: string, now: Date): string {
  return Date.parse(time) < now.getTime() ? time : now.toISOString();
}
