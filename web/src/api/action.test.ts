import { expect, it } from 'vitest';
import { Action } from './action.svelte';
import { ApiProblem, lostConnection } from './problem';

/** An action whose tries end as they are told, and the keys that it was tried with. */
function tried(ends: (Error | undefined)[]) {
  const keys: string[] = [];
  const action = new Action(async (amount: string, key: string) => {
    keys.push(key);
    const end = ends.shift();
    if (end) throw end;
    return amount;
  });
  return { action, keys };
}

const lost = lostConnection(new TypeError(), false);
const refused = new ApiProblem({ code: 'invalid', detail: 'No.', status: 422, title: 'No', type: 'about:blank' });

it('keeps the key of every input until it is done', async () => {
  const { action, keys } = tried([lost, lost, refused, undefined, undefined]);
  for (const amount of ['10', '20', '10', '10', '10']) await action.run(amount);
  expect(new Set(keys).size).toBe(3);
  expect([keys[2], keys[3]]).toEqual([keys[0], keys[0]]);
  expect(keys.slice(0, 4)).not.toContain(keys[4]);
});

it('is uncertain from a lost answer until it is done or left, whatever is refused meanwhile', async () => {
  const { action } = tried([refused, lost, refused, undefined, lost]);
  const seen: boolean[] = [];
  for (let tries = 0; tries < 5; tries += 1) {
    await action.run('10');
    seen.push(action.isUncertain);
  }
  expect(seen).toEqual([false, true, true, false, true]);
  action.clear();
  expect(action.isUncertain).toBe(false);
  expect(action.takesKey).toBe(true);
});
