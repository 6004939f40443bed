import { expect, it } from 'vitest';
import { dayEnd, dayStart } from './days';

it('takes whole days of the zone, and nothing where no day is given', () => {
  expect(Date.parse(dayEnd('2026-11-30') ?? '') - Date.parse(dayStart('2026-11-30') ?? '')).toBe(86_400_000);
  expect(new Date(dayEnd('2026-12-31') ?? '').getFullYear()).toBe(2027);
  expect([dayStart(null), dayStart(''), dayEnd('tomorrow')]).toEqual([undefined, undefined, undefined]);
});
