import { describe, expect, it } from 'vitest';
import { ago, before, local, span, utc } from './time';

describe('times', () => {
  it('are shown in a zone, and in UTC beside', () => {
    expect(local('2026-03-29T00:30:00Z', 'both', 'Africa/Nairobi')).toBe('29 Mar 2026, 03:30');
    expect(local('2026-03-28T23:30:00Z', 'date', 'Europe/Berlin')).toBe('29 Mar 2026');
    expect(utc('2026-03-29T00:30:00Z')).toBe('2026-03-29 00:30:00 UTC');
    expect(utc('2026-03-29T00:30:00.25Z')).toBe('2026-03-29 00:30:00.250 UTC');
  });

  it('are left as they are where they are none', () => {
    expect(local('soon')).toBe('soon');
  });

  it('are told as spans', () => {
    expect(span(59.9)).toBe('59 s');
    expect(span(3_600)).toBe('1 h');
    expect(span(-5)).toBe('0 s');
    expect(ago('2026-01-01T00:00:00Z', Date.UTC(2026, 0, 3))).toBe('2 d ago');
    expect(before(new Date(0), 60)).toBe('1969-12-31T23:59:00.000Z');
  });
});
