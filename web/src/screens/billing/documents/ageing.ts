// Open amounts by age, added up for each currency by itself.
import { sum } from '../../../format/money';
import type { Schemas } from '../../../api/client';

type Row = Schemas['AccountAgeing'];

export const AGES = [
  { key: 'not_due', label: 'Not due yet' },
  { key: 'days_1_to_30', label: '1 to 30 days' },
  { key: 'days_31_to_60', label: '31 to 60 days' },
  { key: 'days_61_to_90', label: '61 to 90 days' },
  { key: 'days_over_90', label: 'Over 90 days' },
] as const;

type Sums = Record<(typeof AGES)[number]['key'] | 'total' | 'currency', string>;

/** The sums of rows, one for each currency, in the order of their codes. */
export function sumsByCurrency(rows: readonly Row[]): Sums[] {
  const currencies = [...new Set(rows.map((row) => row.currency))].sort();
  return currencies.map((currency) => {
    const own = rows.filter((row) => row.currency === currency);
    const of = (key: Exclude<keyof Sums, 'currency'>) => sum(own.map((row) => row[key]));
    return {
      currency, total: of('total'), not_due: of('not_due'), days_1_to_30: of('days_1_to_30'), days_31_to_60: of('days_31_to_60'),
      days_61_to_90: of('days_61_to_90'), days_over_90: of('days_over_90'),
    };
  });
}
