import { expect, it } from 'vitest';
import { mediaType, withColumns } from './mapping';

const FOUND = [
  { header: 'Country', field: 'country', sample: 'Kenya' },
  { header: 'Rate', field: 'price', sample: '0,0131' },
  { header: 'Old rate', field: null, sample: '0,0126' },
];

const EMPTY = {
  columns: {}, content: null, currency: null, day_order: null, decimal_mark: null, delimiter: null, encoding: null, end_date: null, fill_down: null,
  header_line: null, price_per: null, price_unit: null, sheet: null, time_zone: null,
};

it('keeps what was found and takes what was chosen', () => {
  expect(withColumns({ ...EMPTY, currency: 'EUR' }, FOUND, {})).toEqual({ ...EMPTY, currency: 'EUR', columns: { country: 'Country', price: 'Rate' } });
  expect(withColumns(EMPTY, FOUND, { 1: '', 2: 'price' })).toEqual({ ...EMPTY, columns: { country: 'Country', price: 'Old rate' } });
});

it('knows workbooks by their names', () => {
  expect(mediaType('Rates.XLSX')).toContain('spreadsheetml');
  expect([mediaType('a.csv'), mediaType('a.tsv'), mediaType('rates')]).toEqual(['text/csv', 'text/tab-separated-values', 'text/csv']);
});
