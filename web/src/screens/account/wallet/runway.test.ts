import { expect, it } from 'vitest';
import { costOfDay, daysLeft, daysText, secondsOfDay } from './runway';

it('reckons by the days since the account first spent something', () => {
  const days = [{ date: '2026-11-28', cost: '0.00' }, { date: '2026-11-29', cost: '10.00' }, { date: '2026-11-30', cost: '5.00' }];
  expect(costOfDay(days, 43_200)).toBe(10_000_000n);
  expect(costOfDay([{ date: '2026-11-30', cost: '1' }], 60)).toBe(24_000_000n);
  expect(costOfDay([{ date: '2026-11-30', cost: '0.00' }], 60)).toBe(0n);
});

it('says how long money lasts, also when there is none', () => {
  expect(daysLeft('35.00', 10_000_000n)).toBe(3);
  expect(daysLeft('-3.00', 10_000_000n)).toBe(0);
  expect(daysLeft('35.00', 0n)).toBeUndefined();
  expect([undefined, 0, 1, 40, 900].map(daysText)).toEqual(['–', 'under a day', '1 day', '40 days', 'over a year']);
});

it('knows how much of the day is over in the zone of the plan', () => {
  expect(secondsOfDay(new Date('2026-11-30T21:00:05Z'), 'Africa/Nairobi')).toBe(5);
  expect(secondsOfDay(new Date('2026-11-30T12:00:00Z'), 'UTC')).toBe(43_200);
});
