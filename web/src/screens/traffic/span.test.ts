import { expect, it } from 'vitest';
import { earlier, pastDays, spanOf } from './span';

// In Los Angeles it is still the fourth.
const now = new Date('2026-11-05T02:00:00Z');

it('days that are picked are days of the zone', () => {
  expect(spanOf({ from: '2026-11-01', to: '2026-11-02' }, 'America/Los_Angeles', now)).toEqual({ from: '2026-11-01T07:00:00.000Z', to: '2026-11-03T08:00:00.000Z' });
  expect(spanOf({ from: '2026-11-01', to: '2026-11-02' }, 'Africa/Nairobi', now)).toEqual({ from: '2026-10-31T21:00:00.000Z', to: '2026-11-02T21:00:00.000Z' });
});

it('what is not picked is today, and no day ends in the future', () => {
  expect(spanOf({ from: null, to: null }, 'America/Los_Angeles', now)).toEqual({ from: '2026-11-04T08:00:00.000Z', to: now.toISOString() });
  expect(spanOf({ from: null, to: '2026-11-02' }, 'UTC', now)).toEqual({ from: '2026-11-02T00:00:00.000Z', to: '2026-11-03T00:00:00.000Z' });
  expect(spanOf({ from: '2026-11-01', to: '2026-12-24' }, 'UTC', now)).toEqual({ from: '2026-11-01T00:00:00.000Z', to: now.toISOString() });
});

it('a period that goes on ends now, with the day that has begun in the zone', () => {
  const days = ['2026-11-03', '2026-11-04', '2026-11-05', '2026-11-06'].map((date) => ({ date }));
  expect(pastDays(days, now, 'America/Los_Angeles').map(({ date }) => date)).toEqual(['2026-11-03', '2026-11-04']);
  expect(pastDays(days, now, 'UTC')).toHaveLength(3);
  expect(earlier('2026-12-01T00:00:00Z', now)).toBe(now.toISOString());
  expect(earlier('2026-11-01T00:00:00Z', now)).toBe('2026-11-01T00:00:00Z');
});
