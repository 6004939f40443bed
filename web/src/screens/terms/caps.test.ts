import { expect, test } from 'vitest';
import { capChanges, capEntries, capsFault, capsInput, newCap, type Cap, type CapState } from './caps';

const caps: Cap[] = [{ name: 'daily', span: 'day', max_amount: '20.00', hard: true, gives_back: true, prefixes: ['2547'] }];
const states = [{ name: 'daily', span: 'day', hard: true, max_amount: '20.00', max_messages: null, amount: '12.50', messages: 400, reached: false, traffic: {} }] as unknown as CapState[];

test('a form that is left alone asks for what there is, also for what it does not show', () => {
  expect(capsInput(capEntries(caps))).toEqual([{ ...caps[0], networks: undefined, max_amount: '20.00', max_messages: null, countries: null }]);
  expect(capChanges(states, capsInput(capEntries(caps)), 'USD')).toEqual([]);
});

test('a limit below what is used already is told before it is set', () => {
  const [entry] = capEntries(caps);
  const after = capsInput([{ ...entry!, money: '10' }, { ...newCap(), name: 'kenya', messages: '500', countries: 'ke', hard: false }]);
  expect(capChanges(states, after, 'USD')).toEqual([
    { name: 'daily', from: '20.00 USD a day, beyond which messages are refused (12.50 USD and 400 messages so far)', to: '10.00 USD a day, beyond which messages are refused', reached: true },
    { name: 'kenya', from: 'none', to: '500 messages a day, beyond which there is an alert', reached: false },
  ]);
  expect(after[1]?.countries).toEqual(['KE']);
  expect(capChanges(states, [], 'USD')).toEqual([{ name: 'daily', from: '20.00 USD a day', to: 'no limit', reached: false }]);
});

test('what cannot be a cap is told in words', () => {
  const cap = { ...newCap(), name: 'a', money: '5' };
  expect(capsFault([cap])).toBeUndefined();
  expect(capsFault([cap, cap])).toMatch(/twice/);
  expect(capsFault([{ ...cap, name: 'a b' }])).toMatch(/name/);
  expect(capsFault([{ ...cap, money: '' }])).toMatch(/limits nothing/);
  expect(capsFault([{ ...cap, money: '1,5' }])).toMatch(/no amount/);
  expect(capsFault([{ ...cap, messages: '0' }])).toMatch(/no number/);
});
