// Parts of the traffic and spans of time, in words.
import type { Schemas } from '../api/client';
import { many } from './number';

interface Part {
  countries?: string[] | null;
  networks?: string[] | null;
  prefixes?: string[] | null;
}

/** The messages that something is about. */
export function trafficText(part: Part): string {
  if (part.countries?.length) return `messages to ${part.countries.join(', ')}`;
  if (part.networks?.length) return `messages to networks ${part.networks.join(', ')}`;
  if (part.prefixes?.length) return `messages to numbers with ${part.prefixes.map((prefix) => `+${prefix}`).join(', ')}`;
  return 'all messages';
}

/** The time for which a bundle can be used. */
export function validityText(validity: Schemas['BundleValidity']): string {
  return validity.kind === 'days' ? many(validity.days ?? 0, 'day') : 'to the end of the month';
}

/** The length of a subscription's period. */
export function periodText(period: Schemas['PeriodLength']): string {
  return period.kind === 'days' ? many(period.days ?? 0, 'day') : `a ${period.kind}`;
}
