import { expect, it } from 'vitest';
import type { Schemas } from '../../api/client';
import { linesOf, stepOf, zoneOfSteps } from './lines';

const at = (hour: number) => `2026-03-01T${String(hour).padStart(2, '0')}:00:00Z`;
const series: Schemas['Series'] = {
  measures: ['messages', 'delivery_rate', 'spend'], by: 'country', step: 'hour', from: at(10), to: at(12), time_zone: 'UTC', as_of: at(12), totals: {},
  groups: [
    { key: 'KE', name: 'Kenya', is_other: false, totals: {}, points: [
      { at: at(10), messages: 1200, delivery_rate: '98.50', money: [{ currency: 'EUR', spend: '0.00' }, { currency: 'USD', spend: '0.100001' }] },
      { at: at(11), messages: 0, money: [] },
    ] },
    { key: null, name: null, is_other: true, totals: {}, points: [{ at: at(10), messages: 3, money: [] }, { at: at(11), messages: 4, money: [] }] },
  ],
};

it('has a line for each group, and one for the rest', () => {
  const { times, lines } = linesOf(series, 'messages', 'USD');
  expect(times).toEqual([Date.parse(at(10)) / 1000, Date.parse(at(11)) / 1000]);
  expect(lines.map(({ name, values }) => [name, values])).toEqual([['Kenya (KE)', [1200, 0]], ['All others', [3, 4]]]);
  expect(lines[0]?.text?.(0)).toBe('1,200');
});

it('leaves a gap where no message has ended', () => {
  const [line] = linesOf(series, 'delivery_rate', 'USD').lines;
  expect(line?.values).toEqual([98.5, null]);
  expect([line?.text?.(0), line?.text?.(1)]).toEqual(['98.50 %', '–']);
});

it('tells amounts of one currency exactly', () => {
  const [line] = linesOf(series, 'spend', 'USD').lines;
  expect(line?.text?.(0)).toBe('0.100001 USD');
  expect(line?.values).toEqual([0.100001, 0]);
});

it('goes by the hour up to two days', () => {
  expect(stepOf('2026-03-01T00:00:00Z', '2026-03-03T00:00:00Z')).toBe('hour');
  expect(stepOf('2026-03-01T00:00:00Z', '2026-03-03T00:00:01Z')).toBe('day');
});

it('tells days in the zone of the account as long as the hours of it are kept', () => {
  const now = Date.parse('2026-06-01T00:00:00Z');
  expect(zoneOfSteps('day', '2026-05-01T00:00:00Z', 'Africa/Nairobi', now)).toBe('Africa/Nairobi');
  expect(zoneOfSteps('day', '2026-02-01T00:00:00Z', 'Africa/Nairobi', now)).toBe('UTC');
  expect(zoneOfSteps('hour', '2026-02-01T00:00:00Z', 'Africa/Nairobi', now)).toBe('Africa/Nairobi');
  expect(linesOf({ ...series, step: 'day', time_zone: 'Africa/Nairobi' }, 'messages', 'USD')).toMatchObject({ zone: 'Africa/Nairobi', days: true });
});
