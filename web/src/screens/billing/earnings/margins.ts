// Revenue, cost and margin of time series as rows and lines, each currency by itself.
import type { Drawing } from '../../../charts/series';
import { compare, micros, money } from '../../../format/money';
import type { Schemas } from '../../../api/client';

type Series = Schemas['Series'];
type Figures = Schemas['MoneyFigures'];

export const PARTS = ['account', 'country', 'network', 'operator', 'plan'] as const;
export type Part = (typeof PARTS)[number];

/** The most points that one answer may have. */
const POINTS = 6_000;
const MOST = 100;

/** How many groups fit into an answer of so many days, beside the one for the rest. */
export function groupsOf(days: number): number {
  return Math.max(1, Math.min(MOST, Math.floor(POINTS / days) - 1));
}

/** What can be asked for together: an account with its countries or networks, and each of these by account; any other part alone. */
export function canBe(by: Part, filter: Part): boolean {
  if (by === filter) return false;
  return (filter === 'account' && (by === 'country' || by === 'network')) || (by === 'account' && (filter === 'country' || filter === 'network'));
}

/** One row of the table: a group in one currency. */
export interface MarginRow extends Figures {
  key: string | undefined;
  name: string;
  /** The messages of the group, in all currencies. */
  messages: number;
  segments: number;
  unknown: number;
  /** What operators ask for, in all of their currencies. */
  asked: string;
}

/** The rows of a series. Currencies in which nothing moved are left out. */
export function rows(series: Series): MarginRow[] {
  return series.groups.flatMap((group) =>
    (group.totals.money ?? []).filter(hasMoved).map((figures) => ({
      ...figures,
      key: group.key ?? undefined,
      name: group.is_other ? 'all others' : nameOf(group.key, group.name),
      messages: group.totals.messages ?? 0,
      segments: group.totals.segments ?? 0,
      unknown: group.totals.margin_unknown ?? 0,
      asked: askedText(group.totals.money ?? []),
    })),
  );
}

/** What operators ask for, each currency by itself. */
export function askedText(figures: readonly Figures[]): string {
  const asked = figures.filter(({ cost }) => cost != null && compare(cost, '0') !== 0);
  return asked.map(({ cost, currency }) => money(cost ?? '0', currency)).join(', ') || '–';
}

function nameOf(key: string | null | undefined, name: string | null | undefined): string {
  if (!key) return 'none';
  return name ? `${name} (${key})` : key;
}

function hasMoved(figures: Figures): boolean {
  return [figures.revenue, figures.converted_cost, figures.margin].some((amount) => amount != null && compare(amount, '0') !== 0);
}

/** The currencies in which something moved. */
export function currencies(series: Series): string[] {
  return (series.totals.money ?? []).filter(hasMoved).map(({ currency }) => currency);
}

/** The lines over time of the first group in a currency. */
export function drawing(series: Series, currency: string): Drawing {
  const points = series.groups[0]?.points ?? [];
  const figures = points.map((point) => point.money?.find((one) => one.currency === currency));
  const line = (name: string, colour: number, of: (one: Figures) => string | null | undefined) => {
    const texts = figures.map((one) => (one && of(one)) ?? '0');
    return { name, colour, values: texts.map(Number), text: (at: number) => money(texts[at] ?? '0', currency) };
  };
  return {
    times: points.map((point) => Date.parse(point.at) / 1000),
    // Days are counted in UTC.
    zone: 'UTC',
    days: true,
    lines: [line('Revenue', 1, (one) => one.revenue), line('Cost', 2, (one) => one.converted_cost), line('Margin', 3, (one) => one.margin)],
  };
}

/** A part of an amount in percent, with one decimal and rounded half away from zero; nothing where the whole is not above zero. */
export function share(part: string, whole: string): string | undefined {
  const [some, all] = [micros(part) ?? 0n, micros(whole) ?? 0n];
  if (all <= 0n) return undefined;
  const size = ((some < 0n ? -some : some) * 2_000n + all) / (2n * all);
  return `${some < 0n && size > 0n ? '−' : ''}${size / 10n}.${size % 10n} %`;
}
