import { expect, it } from 'vitest';
import { SharedStream, type StreamMessage } from './stream';

// A browser with a lock and a channel of each name, and a stream that counts who reads it.
function browser() {
  const readers = new Map<number, { lastId: string | undefined; take: (message: StreamMessage) => void }>();
  const channels: { name: string; onmessage: ((event: MessageEvent) => void) | null }[] = [];
  let queue: { name: string; run: () => Promise<void>; signal: AbortSignal }[] = [];
  const held = new Set<string>();
  const next = () => {
    queue = queue.filter(({ signal }) => !signal.aborted);
    const first = queue.find(({ name }) => !held.has(name));
    if (!first) return;
    queue = queue.filter((other) => other !== first);
    held.add(first.name);
    void first.run().finally(() => { held.delete(first.name); next(); });
  };
  const locks = {
    request: (name: string, options: { signal: AbortSignal }, run: () => Promise<void>) => {
      queue.push({ name, run, signal: options.signal });
      next();
      return Promise.resolve();
    },
  } as unknown as LockManager;
  let tabs = 0;
  const tab = (name = 'ann') => {
    const number = tabs++;
    const taken: string[] = [];
    const channel = {
      name,
      onmessage: null as ((event: MessageEvent) => void) | null,
      postMessage: (message: unknown) => channels.filter((other) => other !== channel && other.name === name).forEach((other) => other.onmessage?.({ data: message } as MessageEvent)),
      close: () => undefined,
    };
    channels.push(channel);
    const stream = new SharedStream({
      name,
      locks,
      channel,
      take: (message) => taken.push(message.id),
      open: (lastId, take) => {
        readers.set(number, { lastId, take });
        return () => readers.delete(number);
      },
    });
    return { stream, taken };
  };
  return { tab, readers };
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

it('is read by one of eight tabs and heard by all', async () => {
  const { tab, readers } = browser();
  const tabs = Array.from({ length: 8 }, () => tab());
  tabs.forEach(({ stream }) => stream.enter());
  await settle();
  expect([...readers.keys()]).toEqual([0]);
  readers.get(0)?.take({ event: 'change', data: {}, id: '7' });
  expect(tabs.map(({ taken }) => taken)).toEqual(Array(8).fill(['7']));
});

it('goes on in the next tab behind the last event, and in none when none is seen', async () => {
  const { tab, readers } = browser();
  const [first, second] = [tab(), tab()];
  first.stream.enter();
  second.stream.enter();
  await settle();
  readers.get(0)?.take({ event: 'live', data: {}, id: '41' });
  first.stream.leave();
  await settle();
  expect([...readers].map(([number, { lastId }]) => [number, lastId])).toEqual([[1, '41']]);
  second.stream.leave();
  await settle();
  expect(readers.size).toBe(0);
});

it('is one for each user, and nobody hears what is told to another', async () => {
  const { tab, readers } = browser();
  const [ann, bob, bobsOther] = [tab('ann'), tab('bob'), tab('bob')];
  [ann, bob, bobsOther].forEach(({ stream }) => stream.enter());
  await settle();
  expect([...readers.keys()]).toEqual([0, 1]);
  readers.get(0)?.take({ event: 'account', data: {}, id: 'of ann' });
  readers.get(1)?.take({ event: 'account', data: {}, id: 'of bob' });
  expect([ann, bob, bobsOther].map(({ taken }) => taken)).toEqual([['of ann'], ['of bob'], ['of bob']]);
});
