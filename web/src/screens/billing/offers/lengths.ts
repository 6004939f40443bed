// Lengths of periods and validities in words.
import type { Schemas } from '../../../api/client';
import { many } from '../../../format/number';

/** The length of a subscription's period. */
export function lengthText(length: Schemas['PeriodLength']): string {
  switch (length.kind) {
    case 'days': return length.days === 1 ? 'a day' : many(length.days ?? 0, 'day');
    case 'month': return 'a month';
    case 'year': return 'a year';
  }
}

/** The time for which a bundle can be used. */
export function validityText(validity: Schemas['BundleValidity']): string {
  switch (validity.kind) {
    case 'days': return validity.days === 1 ? '24 hours' : many(validity.days ?? 0, 'day');
    case 'calendar_month': return 'to the end of the month';
  }
}

/** What goes over into the next bundle of a product. */
export function rolloverText(rollover: Schemas['BundleRollover']): string {
  switch (rollover.kind) {
    case 'none': return 'nothing';
    case 'all': return 'all that is left';
    case 'at_most': return `at most ${rollover.at_most}`;
  }
}

/** The traffic that takes from a bundle. */
export function trafficText(traffic: { countries?: string[] | null; networks?: string[] | null; prefixes?: string[] | null }): string {
  if (traffic.countries?.length) return traffic.countries.join(', ');
  if (traffic.networks?.length) return `networks ${traffic.networks.join(', ')}`;
  if (traffic.prefixes?.length) return `numbers that begin with ${traffic.prefixes.join(', ')}`;
  return 'all';
}
