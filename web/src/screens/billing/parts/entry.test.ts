import { expect, test } from 'vitest';
import { amountFault, entered, enteredAbove, enteredCount, enteredFrom, enteredList } from './entry';

test('amounts that were typed are taken exactly, or not at all', () => {
  expect(entered(' -12.50 ')).toBe('-12.5');
  expect(entered('9007199254740993.000001')).toBe('9007199254740993.000001');
  expect(entered('1,000')).toBeUndefined();
  expect(entered('1e3')).toBeUndefined();
  expect(entered('0.0000001')).toBeUndefined();
  expect(enteredAbove('0')).toBeUndefined();
  expect(enteredAbove('-1')).toBeUndefined();
  expect(enteredFrom('0')).toBe('0');
  expect(enteredFrom('-0.01')).toBeUndefined();
});

test('an empty input has no fault yet', () => {
  expect(amountFault('', enteredAbove)).toBeUndefined();
  expect(amountFault('5', enteredAbove)).toBeUndefined();
  expect(amountFault('5,5', enteredAbove)).toContain('1250.00');
});

test('counts and lists', () => {
  expect(enteredCount('120')).toBe(120);
  expect(enteredCount('1.5')).toBeUndefined();
  expect(enteredList(' KE, UG ,')).toEqual(['KE', 'UG']);
  expect(enteredList(' ')).toBeUndefined();
});
