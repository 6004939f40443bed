import { expect, it } from 'vitest';
import { merged, withTheirs, type FieldNames } from './merge';

interface Form {
  city: string;
  days: string;
  sends: boolean;
  caps: { name: string; money: string }[];
  order: string[];
}
const names: FieldNames<Form> = {
  city: { label: 'City' },
  days: { label: 'Days', text: (days) => (days === '' ? 'as for all' : `${days} days`) },
  sends: { label: 'Sent at once' },
  caps: { label: 'Cap', entries: { id: (cap) => cap.name, text: (cap) => cap.money } },
  order: { label: 'Order', text: (order) => order.join(', ') },
};
const base: Form = { city: 'Nairobi', days: '14', sends: true, caps: [{ name: 'day', money: '10' }, { name: 'month', money: '200' }], order: ['KE', 'UG'] };
const merge = (theirs: Partial<Form>, mine: Partial<Form>) => merged(base, { ...base, ...theirs }, { ...base, ...mine }, names);

it('takes what only the other has changed, and keeps what only the form has changed', () => {
  const { fields, taken, conflicts } = merge({ city: 'Kampala', sends: false }, { days: '30' });
  expect(fields).toEqual({ ...base, city: 'Kampala', sends: false, days: '30' });
  expect(taken.map(({ label, was, theirs }) => [label, was, theirs])).toEqual([['City', 'Nairobi', 'Kampala'], ['Sent at once', 'yes', 'no']]);
  expect(conflicts).toEqual([]);
});

it('asks about what both have changed, unless they agree', () => {
  const { fields, taken, conflicts } = merge({ city: 'Kampala', days: '' }, { city: 'Kampala', days: '30' });
  expect(fields).toEqual({ ...base, city: 'Kampala', days: '30' });
  expect(taken).toEqual([]);
  expect(conflicts).toEqual([{ field: 'days', entry: undefined, label: 'Days', was: '14 days', theirs: 'as for all', mine: '30 days' }]);
  expect(withTheirs(fields, { ...base, days: '' }, { field: 'days', entry: undefined }, names.days).days).toBe('');
});

it('merges the entries of a list by what they are known by', () => {
  const theirs = [{ name: 'day', money: '12' }, { name: 'month', money: '200' }, { name: 'hour', money: '1' }];
  const { fields, taken, conflicts } = merge({ caps: theirs }, { caps: [{ name: 'day', money: '10' }, { name: 'month', money: '300' }, { name: 'minute', money: '2' }] });
  expect(fields.caps).toEqual([{ name: 'day', money: '12' }, { name: 'month', money: '300' }, { name: 'minute', money: '2' }, { name: 'hour', money: '1' }]);
  expect(taken.map((change) => change.label)).toEqual(['Cap day', 'Cap hour']);
  expect(conflicts).toEqual([]);
});

it('asks about an entry that one has removed and the other has changed', () => {
  const theirs = { ...base, caps: [{ name: 'day', money: '12' }] };
  const { fields, conflicts } = merge(theirs, { caps: [{ name: 'month', money: '300' }] });
  expect(fields.caps).toEqual([{ name: 'month', money: '300' }]);
  expect(conflicts.map(({ label, theirs, mine }) => [label, theirs, mine])).toEqual([['Cap day', '12', 'nothing'], ['Cap month', 'nothing', '300']]);
  const [day, month] = conflicts;
  if (!day || !month) throw new Error('two conflicts are expected');
  expect(withTheirs(withTheirs(fields, theirs, day, names.caps), theirs, month, names.caps).caps).toEqual(theirs.caps);
});

it('takes a list whose order means something as one value', () => {
  const { fields, conflicts } = merge({ order: ['UG', 'KE'] }, { order: ['KE', 'UG', 'TZ'] });
  expect(fields.order).toEqual(['KE', 'UG', 'TZ']);
  expect(conflicts.map(({ theirs, mine }) => [theirs, mine])).toEqual([['UG, KE', 'KE, UG, TZ']]);
});
