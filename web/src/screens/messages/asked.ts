// What a list of messages is asked for, and which of it a file can have.
import type { operations } from '../../api/schema';
import { dayEnd, dayStart } from '../../format/days';
import { words } from '../../format/number';

export type Asked = NonNullable<operations['list_messages']['parameters']['query']>;
export type AskedFile = NonNullable<operations['export_cdrs']['parameters']['query']>;
type Name = (typeof NAMES)[number];

/** The filters of the address, by their names in it. */
export const NAMES = ['destination', 'message_id', 'sender', 'account', 'country', 'operator', 'state', 'dispatch_id', 'reason'] as const;
export const LABELS: Record<Name | 'from' | 'to', string> = {
  destination: 'Number', message_id: 'Message id', sender: 'Sender', account: 'Account', country: 'Country', operator: 'Operator', state: 'State', dispatch_id: 'Dispatch',
  reason: 'Reason of the refusal', from: 'From', to: 'To',
};

/** The filters in force. */
export function asked(query: URLSearchParams): Asked {
  return {
    ...Object.fromEntries(NAMES.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : []))),
    from: dayStart(query.get('from')),
    to: dayEnd(query.get('to')),
  };
}

/** The filters by name and value, as people read them; times apart. */
export function told(filters: Asked): [label: string, text: string][] {
  return NAMES.flatMap((name) => (filters[name] ? [[LABELS[name], name === 'state' || name === 'reason' ? words(filters[name]) : filters[name]] as [string, string]] : []));
}

/** A file of what the list has, or in words why there can be none: it is made of the charged messages, and not by their ids. */
export function fileOf(filters: Asked, from: string | undefined): AskedFile | string {
  const { message_id, reason, state, ...carried } = filters;
  if (reason || state === 'refused') return 'A file has charged messages. Those that were refused are in none.';
  if (message_id) return 'A file is made of all messages that fit the other filters; one by its id is no file.';
  return { ...carried, state, from: filters.from ?? from };
}
