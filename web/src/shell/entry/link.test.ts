import { expect, it } from 'vitest';
import { mailed } from './link';

it('reads the token and the address of a mail\'s link, and nothing where there is none', () => {
  expect(mailed('#token=t_0-1&email=ann%2Bsms%40example.com')).toEqual({ token: 't_0-1', email: 'ann+sms@example.com' });
  expect(mailed('#token=t_0')).toEqual({ token: 't_0', email: '' });
  expect(mailed('')).toEqual({ token: '', email: '' });
});
