// Lines of a reseller's statement, added up by account or by country.
import type { Schemas } from '../../../api/client';
import { sum } from '../../../format/money';

type Line = Schemas['ResaleLine'];

export type ResaleGroup = 'account' | 'country' | 'network';

/** One row: what a line has, under the name that it is shown by. */
export interface ResaleRow {
  name: string;
  currency: string;
  messages: number;
  segments: number;
  sold: string;
  bought: string;
  /** Missing where a price and a cost are in two currencies. */
  margin: string | undefined;
  billed: string;
  commission: string;
}

/** The rows by a part, those with the most messages first. Currencies are never added up. */
export function grouped(lines: readonly Line[], by: ResaleGroup): ResaleRow[] {
  const groups = new Map<string, Line[]>();
  for (const line of lines) {
    const key = `${nameOf(line, by)} ${line.child_currency}`;
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...groups.values()].map((group) => row(group, by)).sort((one, other) => other.messages - one.messages);
}

function nameOf(line: Line, by: ResaleGroup): string {
  if (by === 'account') return line.child;
  if (by === 'country') return line.country ?? 'no country';
  return line.country ? `${line.country} ${line.network}` : line.network;
}

function row(group: Line[], by: ResaleGroup): ResaleRow {
  const of = (key: 'sold' | 'bought' | 'billed' | 'commission') => sum(group.map((line) => line[key]));
  const margins = group.map((line) => line.margin);
  const first = group[0] as Line;
  return {
    name: nameOf(first, by),
    currency: first.child_currency,
    messages: group.reduce((total, line) => total + line.messages, 0),
    segments: group.reduce((total, line) => total + line.segments, 0),
    sold: of('sold'), bought: of('bought'), billed: of('billed'), commission: of('commission'),
    margin: margins.every((margin) => margin != null) ? sum(margins.map((margin) => margin ?? '0')) : undefined,
  };
}
