// Every screen as every role: shown to those who may, and refused to the others without a request for data. What is shown has no serious
// fault of accessibility, in light and in dark, on a desk and on a telephone.
import type { Page } from '@playwright/test';
import { home, routes } from '../src/routes';
import { faults } from './axe';
import { examples } from './examples';
import { expect, open, settled, test } from './fixtures';

/** The folder that pictures of all screens are put into, if any. */
const PICTURES = process.env.PICTURES;
// Colours are all that dark changes, and sizes all that a telephone does.
const VIEWS = [
  { name: 'light', theme: 'light', width: 1360, height: 860, rules: undefined },
  { name: 'dark', theme: 'dark', width: 1360, height: 860, rules: ['color-contrast'] },
  { name: 'narrow', theme: 'light', width: 380, height: 780, rules: ['scrollable-region-focusable', 'target-size', 'meta-viewport'] },
] as const;
/** What the shell itself asks for. */
const OF_THE_SHELL = ['/v1/session', '/v1/stream'];

for (const route of routes) {
  test(`${route.path} is shown`, { tag: route.roles.map((role) => `@${role}`) }, async ({ tour, role }) => {
    await open(tour, examples(route.path, role));
    await settled(tour);
    await expect(tour.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(tour.getByRole('alert')).toHaveCount(0);
    expect(await timesWithoutUtc(tour), 'times without UTC on hover').toEqual([]);
    await expect(tour.locator('main')).not.toContainText(/(^|[^\d.,])1 (messages|segments|rows|days|units|tokens|accounts|customers|lines|periods)\b/);
    for (const view of VIEWS) {
      await tour.setViewportSize({ width: view.width, height: view.height });
      expect(await recoloured(tour, view.theme), 'what takes its time to change its colours').toEqual([]);
      const wide = await tour.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(wide, `pixels that ${view.name} is too wide`).toBeLessThanOrEqual(0);
      if (view.name === 'narrow') expect(await covered(tour), 'cells that lie over others').toEqual([]);
      expect(await faults(tour, view.rules), view.name).toEqual([]);
      if (PICTURES) await tour.screenshot({ path: `${PICTURES}/${role}${route.path.replaceAll(/[/:]+/g, '-')}-${view.name}.png`, fullPage: view.name !== 'narrow' });
    }
  });
}

test('what a role may not open shows neither screen nor data', async ({ app, role }) => {
  await app.waitForURL(`**${home(role)}`);
  await settled(app);
  for (const route of routes.filter((route) => !route.roles.includes(role))) {
    const asked: string[] = [];
    app.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await open(app, examples(route.path, role));
    await expect(app.getByRole('heading', { name: 'This screen is not for your role' })).toBeVisible();
    expect(asked.filter((path) => path.startsWith('/v1/') && !OF_THE_SHELL.includes(path)), `data asked for by ${route.path}`).toEqual([]);
    app.removeAllListeners('request');
  }
});

/** Times of a screen that do not say what they are in UTC: those in no `time` element, and those of one without a title. */
async function timesWithoutUtc(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const main = document.querySelector('main');
    const untitled = [...(main?.querySelectorAll('time') ?? [])].filter((time) => !time.title.endsWith(' UTC')).map((time) => time.outerHTML);
    const bare: string[] = [];
    const texts = document.createTreeWalker(main ?? document.body, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const isTold = text.parentElement?.closest('time, pre, code, [aria-live], input, textarea') != null;
      if (!isTold && /\b\d{1,2} [A-Z][a-z]{2,3}( \d{4})?, \d{2}:\d{2}/.test(text.textContent ?? '')) bare.push(text.textContent ?? '');
    }
    return [...untitled, ...bare];
  });
}

/** Cells that stay in place over the rest of their row. */
async function covered(page: Page): Promise<string[]> {
  return page.evaluate(() => [...document.querySelectorAll('tbody td')].filter((cell) => getComputedStyle(cell).position === 'sticky').map((cell) => cell.textContent ?? ''));
}

/**
 * Has the system change to a theme, and gives what has not got its new colours at once: it could not be read on its way from light to
 * dark.
 */
async function recoloured(page: Page, theme: 'light' | 'dark'): Promise<string[]> {
  await page.emulateMedia({ colorScheme: theme });
  return page.evaluate(async (to) => {
    while (document.documentElement.dataset.theme !== to) await new Promise(requestAnimationFrame);
    const changing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    return changing.map(({ effect, transitionProperty }) => `${transitionProperty}: ${effect instanceof KeyframeEffect ? effect.target?.outerHTML : ''}`);
  }, theme);
}
