import { expect, it } from 'vitest';
import { rulesOf } from './rules';

const kept = (password: string, email = 'ann.miller@example.com') => rulesOf(password, email).map((rule) => rule.holds);

it('says of each rule whether a password keeps it', () => {
  expect(kept('')).toEqual([false, false]);
  expect(kept('eleven char')).toEqual([false, true]);
  expect(kept('twelve chars')).toEqual([true, true]);
  expect(kept('пароль длинный')).toEqual([true, true]);
  expect(kept('x'.repeat(129))).toEqual([false, true]);
  expect(kept('I am Ann.Miller here')).toEqual([true, false]);
  // A short name may be part of a password by chance; an address that is not known is part of none.
  expect(kept('announcement of spring', 'ann@example.com')).toEqual([true, true]);
  expect(kept('announcement of spring', '')).toEqual([true, true]);
});
