import { expect, it } from 'vitest';
import { match } from './match';

it('matches whole paths and reads their parameters', () => {
  expect(match('/operators/:code', '/operators/alpha%20one')).toEqual({ code: 'alpha one' });
  expect(match('/operators/:code', '/operators')).toBeUndefined();
  expect(match('/operators/:code', '/operators/')).toBeUndefined();
  expect(match('/operators', '/operators')).toEqual({});
  expect(match('/a/:b', '/a/%zz')).toBeUndefined();
});
