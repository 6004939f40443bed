import { expect, it } from 'vitest';
import { isNearEnd, shownRows } from './window';

it('draws what is seen and a little more, of any number of rows', () => {
  expect(shownRows(100_000, 36, 0, 720)).toEqual({ first: 0, end: 32 });
  expect(shownRows(100_000, 36, 36_000, 720)).toEqual({ first: 988, end: 1_032 });
  expect(shownRows(100_000, 36, 36 * 100_000, 720)).toEqual({ first: 99_988, end: 100_000 });
  expect(shownRows(3, 36, 0, 720)).toEqual({ first: 0, end: 3 });
  expect(shownRows(0, 36, 500, 720)).toEqual({ first: 0, end: 0 });
  // Rows that were removed while the box was scrolled further down.
  expect(shownRows(2, 36, 90_000, 720)).toEqual({ first: 0, end: 2 });
});

it('asks for the next page before the end is seen', () => {
  expect(isNearEnd(100, 36, 0, 720)).toBe(false);
  expect(isNearEnd(100, 36, 36 * 70, 720)).toBe(true);
  expect(isNearEnd(0, 36, 0, 720)).toBe(true);
});
