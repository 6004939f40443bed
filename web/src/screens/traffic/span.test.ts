import { expect, it } from 'vitest';
import { spanOf } from './span';

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
