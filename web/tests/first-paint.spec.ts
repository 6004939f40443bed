// What a screen costs before it is seen: octets are held to, and that nothing is waited for but the files of the page. Times are the
// machine's: they are told, and held to where FIRST_PAINT_MS names a bound, as `make first-paint` does.
import type { BrowserContext, Page } from '@playwright/test';
import { AREA_TITLES, routes, type Area } from '../src/routes';
import { expect, test } from './fixtures';
import { scene } from './scene';
import { VIEWER } from './viewer';

const OCTETS_MOST = 120 * 1024;
const BOUND_MS = process.env.FIRST_PAINT_MS ? Number(process.env.FIRST_PAINT_MS) : undefined;
/** Visits of which the median counts, each by a browser that has never been here. */
const VISITS = BOUND_MS === undefined ? 1 : 5;

test('the first screen of each area comes in 120 KB', async ({ browser, role, sessions }, info) => {
  const areas = (Object.keys(AREA_TITLES) as Area[]).flatMap((area) => routes.find((route) => route.area === area && route.nav && route.roles.includes(role)) ?? []);
  for (const { path } of areas) {
    const times: number[] = [];
    for (let visit = 0; visit < VISITS; visit += 1) {
      const context = await browser.newContext(VIEWER);
      await context.addCookies(await sessions(role));
      const { octets, painted } = await visited(context, path);
      times.push(painted);
      expect(octets, `octets of ${path}`).toBeGreaterThan(10_000);
      expect(octets, `octets of ${path}`).toBeLessThanOrEqual(OCTETS_MOST);
      info.annotations.push({ type: 'first paint', description: `${role} ${path}: ${octets} octets, ${Math.round(painted)} ms` });
      await context.close();
    }
    const median = times.toSorted((one, other) => one - other)[Math.floor(VISITS / 2)];
    if (BOUND_MS !== undefined) expect(median, `milliseconds until the first paint of ${path}, the median of ${VISITS}`).toBeLessThanOrEqual(BOUND_MS);
  }
  console.log(info.annotations.map(({ description }) => `first paint: ${description}`).join('\n'));
});

test('the page is painted before the server has answered anything but its files', async ({ page, role, sessions }) => {
  await page.context().addCookies(await sessions(role));
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/v1/**', async (route) => {
    await answered;
    await route.continue();
  });
  await page.goto(scene().address);
  expect(await firstPaint(page)).toBeGreaterThan(0);
  await expect(page.getByRole('status')).toHaveText('Loading');
  answer();
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

/** The octets of a screen's files, and the milliseconds after which something of it was painted. */
async function visited(context: BrowserContext, path: string): Promise<{ octets: number; painted: number }> {
  const page = await context.newPage();
  await page.goto(scene().address.replace(/\/$/, path));
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const octets = await page.evaluate(() => {
    const files = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')] as PerformanceResourceTiming[];
    return files.filter(({ name }) => new URL(name).pathname.startsWith('/app')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
  });
  return { octets, painted: await firstPaint(page) };
}

/** Waits until something was painted, and gives the milliseconds from the beginning of the visit. */
function firstPaint(page: Page): Promise<number> {
  return page.evaluate(() => new Promise<number>((resolve) => {
    new PerformanceObserver((list) => list.getEntriesByName('first-contentful-paint').forEach(({ startTime }) => resolve(startTime))).observe({ type: 'paint', buffered: true });
  }));
}
