// Days of the calendar in a time zone, as instants. Periods of invoices, statements and usage are those of the account's plan.

/** The first day of a month and that of the next one, as `2026-11-01`. */
export function monthDays(month: string): { first: string; next: string } | undefined {
  const found = /^(\d{4})-(\d{2})$/.exec(month);
  if (!found) return undefined;
  const [year, number] = [Number(found[1]), Number(found[2])];
  const next = number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
  return { first: `${month}-01`, next: `${next}-01` };
}

/** The day behind a day. */
export function dayAfter(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

/** The day of an instant in a zone. */
export function dayOf(instant: Date, zone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(instant);
}

/** The month before that of an instant in a zone, as `2026-10`. */
export function monthBefore(instant: Date, zone: string): string {
  const [year = 0, month = 0] = dayOf(instant, zone).split('-').map(Number);
  return month === 1 ? `${year - 1}-12` : `${year}-${String(month - 1).padStart(2, '0')}`;
}

/** The instant at which a day begins in a zone, in RFC 3339. Where clocks skip midnight, it is the first instant of the day. */
export function midnight(day: string, zone: string): string {
  const utc = Date.parse(`${day}T00:00:00Z`);
  let instant = utc - offset(utc, zone);
  // The offset that holds is the one at the instant itself.
  instant = utc - offset(instant, zone);
  if (dayOf(new Date(instant), zone) < day) instant += 3_600_000;
  return new Date(instant).toISOString();
}

/** Milliseconds by which a zone's clock is before UTC at an instant. */
function offset(instant: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
  }).formatToParts(new Date(instant));
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second')) - Math.floor(instant / 1000) * 1000;
}
