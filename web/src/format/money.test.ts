import { describe, expect, it } from 'vitest';
import { compare, decimal, difference, isNegative, micros, money, rounded, sum } from './money';

describe('amounts', () => {
  it('are exact beyond what a float holds', () => {
    expect(sum(['9007199254740993.000001', '0.000001'])).toBe('9007199254740993.000002');
    expect(sum(['0.1', '0.2'])).toBe('0.3');
  });

  it('come back as they were', () => {
    for (const text of ['0', '-0.000001', '12.5', '1000000', '-7']) expect(decimal(micros(text) ?? 1n)).toBe(text);
  });

  it('are refused where they are none', () => {
    for (const text of ['', '1e3', '1.2345678', '1,5', 'NaN', '--1']) expect(micros(text)).toBeUndefined();
  });

  it('are a dash where they are not told', () => {
    expect([money(null, 'USD'), rounded(undefined, 'USD')]).toEqual(['–', '–']);
    expect([isNegative(null), sum(['0.5', null])]).toEqual([false, '0.5']);
  });

  it('are shown in groups with at least two decimals', () => {
    expect(money('1234567.5', 'USD')).toBe('1,234,567.50 USD');
    expect(money('0.0216')).toBe('0.0216');
    expect(money('-3')).toBe('−3.00');
    expect(money('0.000001')).toBe('0.000001');
    expect(money('not known')).toBe('not known');
  });

  it('are rounded half away from zero', () => {
    expect(rounded('0.005')).toBe('0.01');
    expect(rounded('-0.005')).toBe('−0.01');
    expect(rounded('0.004999')).toBe('0.00');
  });

  it('compare as numbers and not as text', () => {
    expect(compare('9', '10')).toBe(-1);
    expect(compare('1.50', '1.5')).toBe(0);
    expect(isNegative('-0.000001')).toBe(true);
    expect(difference('1', '0.000001')).toBe('0.999999');
  });
});
