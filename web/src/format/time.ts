// Times as text, in the viewer's own zone. What is stored and sent is UTC.

export type Span = 'time' | 'clock' | 'date' | 'both' | 'seconds';

const FORMS: Record<Span, Intl.DateTimeFormatOptions> = {
  time: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  clock: { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  seconds: { month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
  date: { year: 'numeric', month: 'short', day: '2-digit' },
  both: { year: 'numeric', month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
};

/** A time in a zone, by default the viewer's. */
export function local(time: string | Date, span: Span = 'both', zone?: string): string {
  const date = typeof time === 'string' ? new Date(time) : time;
  if (Number.isNaN(date.getTime())) return String(time);
  return new Intl.DateTimeFormat('en-GB', { ...FORMS[span], timeZone: zone }).format(date);
}

/** The same instant in UTC, for the hover. */
export function utc(time: string | Date): string {
  const date = typeof time === 'string' ? new Date(time) : time;
  if (Number.isNaN(date.getTime())) return String(time);
  return `${date.toISOString().replace('T', ' ').replace(/\.000Z$/, '').replace(/Z$/, '')} UTC`;
}

const STEPS: [seconds: number, unit: string][] = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']];

/** A span of seconds in its largest unit, rounded down: `3 min`. */
export function span(seconds: number): string {
  const size = Math.max(0, Math.floor(seconds));
  for (const [length, unit] of STEPS) if (size >= length) return `${Math.floor(size / length)} ${unit}`;
  return '0 s';
}

/** How long ago a time is. */
export function ago(time: string, now: number): string {
  return `${span((now - new Date(time).getTime()) / 1000)} ago`;
}

/** RFC 3339 of an instant that lies some seconds before another. */
export function before(now: Date, seconds: number): string {
  return new Date(now.getTime() - seconds * 1000).toISOString();
}
