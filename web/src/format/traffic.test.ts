import { expect, it } from 'vitest';
import { periodText, trafficText, validityText } from './traffic';

it('names what a bundle or a cap is for', () => {
  expect(trafficText({})).toBe('all messages');
  expect(trafficText({ countries: ['KE', 'UG'] })).toBe('messages to KE, UG');
  expect(trafficText({ networks: ['639/02'] })).toBe('messages to networks 639/02');
  expect(trafficText({ prefixes: ['254', '256'] })).toBe('messages to numbers with +254, +256');
});

it('says how long things hold', () => {
  expect([validityText({ kind: 'days', days: 30 }), validityText({ kind: 'calendar_month' })]).toEqual(['30 days', 'to the end of the month']);
  expect([periodText({ kind: 'days', days: 7 }), periodText({ kind: 'month' }), periodText({ kind: 'year' })]).toEqual(['7 days', 'a month', 'a year']);
});
