import { expect, it } from 'vitest';
import type { Schemas } from '../../api/client';
import { events } from './timeline';

const MESSAGE = {
  message_id: '1', account: 'acme', submitted_at: '2026-01-01T00:00:00Z', state: 'undeliverable', state_at: '2026-01-01T00:00:09Z', source: 'ACME', destination: '254722000000',
  network: { mcc: '639', mnc: '02', operator: 'Safaricom', country: 'KE', country_name: 'Kenya' }, segments: 2, price: '0.04', currency: 'USD', covered_by_bundles: 0, levels: [],
  refunded: '0.04', plan: 'starter', tariff_version: 'a', tier_before: 0, data_coding: 0, charge_only: false, operator_code: 'beta', accepted_at: '2026-01-01T00:00:02Z',
  attempts: 2, possible_duplicate: false, error: 12, upstream_id: '77', tried: ['alpha', 'beta'],
} as unknown as Schemas['Cdr'];

it('tells what happened in order, with the money that came back', () => {
  expect(events(MESSAGE).map(({ what, text }) => `${what}: ${text}`)).toEqual([
    'Submitted: From ACME to 254722000000', 'Priced: 2 × on plan starter: 0.04 USD', 'Tried: alpha did not take it', 'Accepted: By beta as 77',
    'Undeliverable: Its final state, error 12', 'Refunded: 0.04 USD',
  ]);
});

it('ends with the queue for one that is on its way', () => {
  const waiting = { ...MESSAGE, state: 'enroute', accepted_at: null, refunded: '0', tried: [] } as Schemas['Cdr'];
  expect(events(waiting).at(-1)).toMatchObject({ what: 'Queued', text: 'For beta' });
});
