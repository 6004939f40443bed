// What happened to a message, in order, as its record tells.
import type { Schemas } from '../../api/client';
import { micros, money } from '../../format/money';

export interface Event {
  what: string;
  at: string | null | undefined;
  text: string;
  tone: 'plain' | 'good' | 'bad' | 'warn' | 'info';
}

const ENDS: Record<string, Event['tone']> = { delivered: 'good', undeliverable: 'bad', rejected: 'bad', expired: 'bad', deleted: 'warn', unknown: 'warn', accepted: 'info' };

/** The events of a message. */
export function events(message: Schemas['Cdr']): Event[] {
  const told: Event[] = [
    { what: 'Submitted', at: message.submitted_at, text: `From ${message.source} to ${message.destination}`, tone: 'plain' },
    { what: 'Priced', at: message.submitted_at, text: `${message.segments} × on plan ${message.plan}: ${money(message.price, message.currency)}`, tone: 'plain' },
  ];
  if (message.scheduled_at) told.push({ what: 'Scheduled', at: message.scheduled_at, text: 'It leaves at this time', tone: 'plain' });
  for (const operator of message.tried.filter((code) => code !== message.operator_code)) {
    told.push({ what: 'Tried', at: undefined, text: `${operator} did not take it`, tone: 'warn' });
  }
  if (message.accepted_at) told.push({ what: 'Accepted', at: message.accepted_at, text: `By ${message.operator_code ?? 'an operator'}${message.upstream_id ? ` as ${message.upstream_id}` : ''}`, tone: 'info' });
  else if (message.operator_code) told.push({ what: 'Queued', at: undefined, text: `For ${message.operator_code}`, tone: 'plain' });
  if (message.state !== 'enroute') {
    const error = message.error > 0 ? `, error ${message.error}` : '';
    told.push({ what: message.state[0]?.toUpperCase() + message.state.slice(1), at: message.state_at, text: `Its final state${error}`, tone: ENDS[message.state] ?? 'plain' });
  }
  if ((micros(message.refunded) ?? 0n) > 0n) told.push({ what: 'Refunded', at: message.state_at, text: money(message.refunded, message.currency), tone: 'warn' });
  return told;
}
