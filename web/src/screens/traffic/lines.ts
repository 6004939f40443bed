// Time series of an account by country or network as lines of a chart.
import type { Schemas } from '../../api/client';
import type { Drawing } from '../../charts/series';
import { money } from '../../format/money';
import { count } from '../../format/number';

type Series = Schemas['Series'];
type Figures = Schemas['SeriesFigures'];

export const MEASURES = ['messages', 'delivery_rate', 'spend'] as const;
export type Measure = (typeof MEASURES)[number];

/** Lines that come by name, beside the one for the rest. */
export const LINES = 5;
/** The longest span that is shown by hour. */
const HOURS_MOST_MS = 2 * 86_400_000;

/** The length of a step for a span. */
export function stepOf(from: string, to: string): 'hour' | 'day' {
  return Date.parse(to) - Date.parse(from) <= HOURS_MOST_MS ? 'hour' : 'day';
}

/** Hours are kept for so long; days of another zone than UTC are made of them. */
const HOURS_KEPT_MS = 90 * 86_400_000;

/** The zone whose steps can be had: the wanted one, or UTC for days of which there are no hours any more. */
export function zoneOfSteps(step: 'hour' | 'day', from: string, zone: string, now = Date.now()): string {
  return step === 'hour' || now - Date.parse(from) < HOURS_KEPT_MS ? zone : 'UTC';
}

/** A line for each group. Amounts are those of one currency; a place without a value is a gap. */
export function linesOf(series: Series, measure: Measure, currency: string): Drawing {
  const first = series.groups[0]?.points ?? [];
  return {
    times: first.map(({ at }) => Date.parse(at) / 1000),
    zone: series.time_zone,
    days: series.step === 'day',
    lines: series.groups.map((group) => {
      const texts = group.points.map((point) => exact(point, measure, currency));
      return { name: nameOf(group), values: texts.map((text) => (text === undefined ? null : Number(text))), text: (at: number) => shown(texts[at], measure, currency) };
    }),
  };
}

function nameOf({ key, name, is_other }: Schemas['SeriesGroup']): string {
  if (is_other) return 'All others';
  if (!key) return 'No country';
  return name ? `${name} (${key})` : key;
}

function exact(point: Figures, measure: Measure, currency: string): string | undefined {
  switch (measure) {
    case 'messages': return String(point.messages ?? 0);
    case 'delivery_rate': return point.delivery_rate ?? undefined;
    case 'spend': return point.money?.find((one) => one.currency === currency)?.spend ?? '0';
  }
}

function shown(text: string | undefined, measure: Measure, currency: string): string {
  if (text === undefined) return '–';
  if (measure === 'messages') return count(Number(text));
  return measure === 'spend' ? money(text, currency) : `${text} %`;
}
