import { expect, it } from 'vitest';
import { hasLoneValue, moved, valueText } from './series';

it('moves the cursor by key, and stays inside', () => {
  expect(moved('ArrowLeft', undefined, 10)).toBe(9);
  expect(moved('ArrowRight', undefined, 10)).toBe(0);
  expect(moved('ArrowRight', 9, 10)).toBe(9);
  expect(moved('PageUp', 4, 10)).toBe(0);
  expect(moved('End', 4, 10)).toBe(9);
  expect(moved('a', 4, 10)).toBeUndefined();
});

it('reads values by their text and not by their position', () => {
  expect(valueText({ name: 'a', values: [1.5, null] }, 0)).toBe('1.5');
  expect(valueText({ name: 'a', values: [1.5, null] }, 1)).toBe('–');
  expect(valueText({ name: 'a', values: [0.1], text: () => '0.100000000001 USD' }, 0)).toBe('0.100000000001 USD');
});

it('knows lines with a value that has none beside it', () => {
  const line = (...values: (number | null)[]) => hasLoneValue({ name: 'a', values });
  expect([line(), line(null), line(1, 2), line(null, 1, 2, null)]).toEqual([false, false, false, false]);
  expect([line(1), line(null, 0), line(1, null, 2, 3)]).toEqual([true, true, true]);
});
