// What a screen costs before it is seen: octets are held to, times are only told, as they are the machine's.
import { AREA_TITLES, routes, type Area } from '../src/routes';
import { expect, test } from './fixtures';
import { scene } from './scene';
import { VIEWER } from './viewer';

const OCTETS_MOST = 120 * 1024;

test('the first screen of each area comes in 120 KB', async ({ browser, role, sessions }, info) => {
  const areas = (Object.keys(AREA_TITLES) as Area[]).flatMap((area) => routes.find((route) => route.area === area && route.nav && route.roles.includes(role)) ?? []);
  for (const { path } of areas) {
    // A browser that has never been here.
    const context = await browser.newContext(VIEWER);
    await context.addCookies(await sessions(role));
    const page = await context.newPage();
    await page.goto(scene().address.replace(/\/$/, path));
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    const { octets, painted } = await page.evaluate(async () => {
      const painted = await new Promise<number>((resolve) => {
        new PerformanceObserver((list) => list.getEntriesByName('first-contentful-paint').forEach(({ startTime }) => resolve(startTime))).observe({ type: 'paint', buffered: true });
      });
      const files = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')] as PerformanceResourceTiming[];
      return {
        octets: files.filter(({ name }) => new URL(name).pathname.startsWith('/app')).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
        painted,
      };
    });
    info.annotations.push({ type: 'first paint', description: `${role} ${path}: ${octets} octets, ${Math.round(painted)} ms` });
    expect(octets, `octets of ${path}`).toBeGreaterThan(10_000);
    expect(octets, `octets of ${path}`).toBeLessThanOrEqual(OCTETS_MOST);
    await context.close();
  }
  console.log(info.annotations.map(({ description }) => `first paint: ${description}`).join('\n'));
});
