// The columns of a price list, as people may say them.
import type { Schemas } from '../../api/client';

/** The fields that a column can be read as. */
export const FIELDS = ['mcc', 'mnc', 'mcc_mnc', 'prefix', 'country', 'network', 'price', 'currency', 'effective_from', 'effective_to', 'status', 'plan', 'note'] as const;

/** The media type of a list by its file's name. */
export function mediaType(name: string): string {
  const end = name.toLowerCase().split('.').pop();
  if (end === 'xlsx') return 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
  return end === 'tsv' ? 'text/tab-separated-values' : 'text/csv';
}

/**
 * A profile that reads columns as they were chosen. `chosen` has the field of each column by its position, an empty text for a column
 * that is left out; columns that nobody has touched stay as they were found.
 */
export function withColumns(profile: Schemas['ImportProfile'], found: Schemas['ImportColumn'][], chosen: Record<string, string>): Schemas['ImportProfile'] {
  const columns: Record<string, string> = {};
  for (const [at, column] of found.entries()) {
    const field = chosen[at] ?? column.field ?? '';
    if (field) columns[field] = column.header;
  }
  return { ...profile, columns };
}
