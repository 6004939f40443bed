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
});
