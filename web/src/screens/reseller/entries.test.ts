import { expect, it } from 'vitest';
import { faultOf, markUpEntries, priceListInput, rateEntries } from './entries';

const LIST = { name: 'retail', owner: 'brightreach', currency: 'USD' };
const MARK_UPS = [{ countries: ['KE', 'UG'], percent: '20', per_segment: null }, { percent: null, per_segment: '0.01' }];
const RATES = [{ mcc: '639', mnc: '02', price: '0.02', effective_from: '2026-12-01T00:00:00Z', effective_to: null }, { mcc: '621', mnc: null, price: '0.03', effective_from: null, effective_to: null }];

it('gives back what it has read', () => {
  expect(priceListInput(LIST, markUpEntries(MARK_UPS), rateEntries(RATES))).toEqual({ ...LIST, mark_ups: MARK_UPS, rates: RATES });
});

it('takes lists of countries as people write them', () => {
  const typed = [{ countries: 'ke; ug  tz', networks: '', percent: ' 15 ', perSegment: '' }];
  expect(priceListInput(LIST, typed, []).mark_ups).toEqual([{ countries: ['KE', 'UG', 'TZ'], percent: '15', per_segment: null }]);
});

it('says which entry is wrong', () => {
  const good = { countries: '', networks: '', percent: '5', perSegment: '' };
  expect(faultOf([good], [])).toBeUndefined();
  expect(faultOf([good, { ...good, percent: '' }], [])).toContain('Mark-up 2 has neither');
  expect(faultOf([{ ...good, countries: 'KE', networks: '639' }], [])).toContain('one of them');
  expect(faultOf([{ ...good, percent: 'five' }], [])).toContain('no decimal number');
  expect(faultOf([], [{ network: 'Safaricom', price: '0.1', from: null, to: null }])).toContain('639/02');
  expect(faultOf([], [{ network: '639/02', price: '', from: null, to: null }])).toContain('price');
});
