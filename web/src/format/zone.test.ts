import { expect, test } from 'vitest';
import { dayAfter, dayOf, midnight, monthBefore, monthDays } from './zone';

test('months begin and end with days of the calendar', () => {
  expect(monthDays('2026-11')).toEqual({ first: '2026-11-01', next: '2026-12-01' });
  expect(monthDays('2026-12')).toEqual({ first: '2026-12-01', next: '2027-01-01' });
  expect(monthDays('')).toBeUndefined();
  expect(dayAfter('2028-02-28')).toBe('2028-02-29');
  expect(monthBefore(new Date('2026-12-31T22:00:00Z'), 'Africa/Nairobi')).toBe('2026-12');
  expect(monthBefore(new Date('2026-12-31T20:00:00Z'), 'Africa/Nairobi')).toBe('2026-11');
});

test('days begin at midnight of their zone, also when clocks change', () => {
  expect(midnight('2026-11-01', 'UTC')).toBe('2026-11-01T00:00:00.000Z');
  expect(midnight('2026-11-01', 'Africa/Nairobi')).toBe('2026-10-31T21:00:00.000Z');
  expect(midnight('2026-03-29', 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z');
  expect(midnight('2026-03-30', 'Europe/Berlin')).toBe('2026-03-29T22:00:00.000Z');
  expect(midnight('2026-10-26', 'Europe/Berlin')).toBe('2026-10-25T23:00:00.000Z');
  expect(midnight('2026-11-01', 'America/Los_Angeles')).toBe('2026-11-01T07:00:00.000Z');
});

test('a day whose midnight is skipped begins an hour later', () => {
  // In Cairo clocks went from 23:59 on 23 April 2026 to 01:00.
  const begin = midnight('2026-04-24', 'Africa/Cairo');
  expect(begin).toBe('2026-04-23T22:00:00.000Z');
  expect(dayOf(new Date(begin), 'Africa/Cairo')).toBe('2026-04-24');
});
