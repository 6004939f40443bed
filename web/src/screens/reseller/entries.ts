// A price list as people type it: each entry a line of text fields.
import type { Schemas } from '../../api/client';
import { micros } from '../../format/money';

export interface MarkUpEntry {
  countries: string;
  networks: string;
  percent: string;
  perSegment: string;
}

export interface RateEntry {
  network: string;
  price: string;
  from: string | null;
  to: string | null;
}

function words(text: string): string[] {
  return text.split(/[\s,;]+/).filter(Boolean);
}

/** A list's mark-ups as entries. */
export function markUpEntries(list: Schemas['MarkUp'][]): MarkUpEntry[] {
  return list.map((it) => ({
    countries: it.countries?.join(', ') ?? '',
    networks: it.networks?.join(', ') ?? '',
    percent: it.percent === null || it.percent === undefined ? '' : String(it.percent),
    perSegment: it.per_segment === null || it.per_segment === undefined ? '' : String(it.per_segment),
  }));
}

/** A list's rates as entries. */
export function rateEntries(list: Schemas['AccountRate'][]): RateEntry[] {
  return list.map((it) => ({ network: it.mnc ? `${it.mcc}/${it.mnc}` : it.mcc, price: String(it.price), from: it.effective_from ?? null, to: it.effective_to ?? null }));
}

/** A mark-up in words. */
export function markUpText({ countries, networks, percent, perSegment }: MarkUpEntry): string {
  const more = [percent.trim() && `${percent.trim()} %`, perSegment.trim() && `${perSegment.trim()} a segment`].filter(Boolean);
  return `${countries.trim() || networks.trim() || 'all'}: ${more.join(' and ')}`;
}

/** What a price is known by: its network and the time from which it holds. */
export function rateName({ network, from }: RateEntry): string {
  return from ? `${network.trim()} from ${from.slice(0, 10)}` : network.trim();
}

/** What is wrong with entries, in words; nothing where they can be sent. The server says the rest. */
export function faultOf(markUps: readonly MarkUpEntry[], rates: readonly RateEntry[]): string | undefined {
  for (const [at, it] of markUps.entries()) {
    if (it.countries.trim() && it.networks.trim()) return `Mark-up ${at + 1} has countries and networks; it takes one of them.`;
    if (!it.percent.trim() && !it.perSegment.trim()) return `Mark-up ${at + 1} has neither a percentage nor an amount.`;
    if ([it.percent, it.perSegment].some((text) => text.trim() && micros(text) === undefined)) return `Mark-up ${at + 1} has something that is no decimal number.`;
  }
  for (const [at, it] of rates.entries()) {
    if (!/^\d{3}(\/\d{2,3})?$/.test(it.network.trim())) return `Price ${at + 1} needs a network such as 639/02, or 639 for a whole country code.`;
    if (micros(it.price) === undefined) return `Price ${at + 1} has no decimal number as its price.`;
  }
  return undefined;
}

/** Entries as the API takes them. */
export function priceListInput(list: Pick<Schemas['PriceListInput'], 'name' | 'owner' | 'currency'>, markUps: readonly MarkUpEntry[], rates: readonly RateEntry[]): Schemas['PriceListInput'] {
  return {
    ...list,
    mark_ups: markUps.map((it) => ({
      ...(it.countries.trim() && { countries: words(it.countries.toUpperCase()) }),
      ...(it.networks.trim() && { networks: words(it.networks) }),
      percent: it.percent.trim() || null,
      per_segment: it.perSegment.trim() || null,
    })),
    rates: rates.map((it) => {
      const [mcc = '', mnc] = it.network.trim().split('/');
      return { mcc, mnc: mnc ?? null, price: it.price.trim(), effective_from: it.from, effective_to: it.to };
    }),
  };
}
