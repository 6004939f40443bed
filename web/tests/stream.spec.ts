// One stream of events for all tabs of a browser, read on by another tab when the one that read it is closed.
import type { Page } from '@playwright/test';
import { expect, session, test } from './fixtures';
import { scene } from './scene';

const TABS = 8;

test.skip(({ role }) => role !== 'admin');

test('eight tabs share one stream, and the next one goes on with it', async ({ context }) => {
  await context.addCookies(await session(scene().admin));
  const open = new Map<Page, string>();
  const pages: Page[] = [];
  for (let tab = 0; tab < TABS; tab += 1) {
    const page = await context.newPage();
    page.on('request', (request) => {
      if (new URL(request.url()).pathname === '/v1/stream') open.set(page, request.url());
    });
    await page.goto(`${scene().address}operations/live`);
    pages.push(page);
  }
  // Every tab has its figures, and every tab still gets an answer to what it asks.
  for (const page of pages) await expect(page.getByText('Charged per second')).toBeVisible();
  expect([...open.keys()].length).toBe(1);
  const [reader] = open.keys();
  await reader?.close();
  await expect.poll(() => open.size).toBe(2);
  const [, second] = open.values();
  expect(new URL(second ?? '').searchParams.get('last_event_id')).not.toBeNull();

  // Hidden tabs hold no stream, and the first that is seen again goes on behind the last event that any of them has had.
  const reading = [...open.keys()][1] as Page;
  const others = pages.filter((page) => page !== reading && page !== reader);
  const closed = reading.waitForEvent('requestfailed', (request) => new URL(request.url()).pathname === '/v1/stream');
  for (const page of [...others, reading]) await look(page, 'hidden');
  await closed;
  open.clear();
  const seen = others.at(-1) as Page;
  await look(seen, 'visible');
  await expect.poll(() => [...open.keys()]).toEqual([seen]);
  const [before, after] = [second, open.get(seen)].map((url) => new URL(url ?? '').searchParams.get('last_event_id') ?? '');
  expect(after).not.toBe('');
  expect(Number(after?.split('-').at(-1))).toBeGreaterThanOrEqual(Number(before?.split('-').at(-1)));
});

/** Has a tab hidden or seen, as a browser tells it. */
function look(page: Page, state: DocumentVisibilityState): Promise<void> {
  return page.evaluate((to) => {
    Object.defineProperty(document, 'visibilityState', { value: to, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, state);
}
