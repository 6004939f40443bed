// Every screen as every role: shown to those who may, and refused to the others without a request for data. What is shown has no serious
// fault of accessibility, in light and in dark, on a desk and on a telephone.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { mkdirSync } from 'node:fs';
import { home, routes } from '../src/routes';
import { examples } from './examples';
import { expect, open, settled, test } from './fixtures';

const PICTURES = 'test-results/pictures';
// Colours are all that dark changes, and sizes all that a telephone does.
const VIEWS = [
  { name: 'light', theme: 'light', width: 1360, height: 860, rules: undefined },
  { name: 'dark', theme: 'dark', width: 1360, height: 860, rules: ['color-contrast'] },
  { name: 'narrow', theme: 'light', width: 380, height: 780, rules: ['scrollable-region-focusable', 'target-size', 'meta-viewport'] },
];
/** What the shell itself asks for. */
const OF_THE_SHELL = ['/v1/session', '/v1/stream'];

mkdirSync(PICTURES, { recursive: true });

for (const route of routes) {
  test.describe(route.path, () => {
    test.skip(({ role }) => !route.roles.includes(role));
    test('is shown', async ({ app, role }) => {
      await open(app, examples(route.path, role));
      await expect(app.getByRole('heading', { level: 1 })).toBeVisible();
      await settled(app);
      await expect(app.getByRole('alert')).toHaveCount(0);
      for (const view of VIEWS) {
        await app.setViewportSize({ width: view.width, height: view.height });
        expect(await recoloured(app, view.theme), 'what takes its time to change its colours').toEqual([]);
        const wide = await app.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(wide, `pixels that ${view.name} is too wide`).toBeLessThanOrEqual(0);
        expect(await faults(app, view.rules), view.name).toEqual([]);
        const name = `${role}${route.path.replaceAll(/[/:]+/g, '-')}-${view.name}`;
        await app.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: view.name !== 'narrow' });
      }
    });
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

/** Changes to a theme, and gives what has not got its new colours at once: it could not be read on its way from light to dark. */
function recoloured(page: Page, theme: string): Promise<string[]> {
  return page.evaluate((to) => {
    document.documentElement.dataset.theme = to;
    const changing = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    return changing.map(({ effect, transitionProperty }) => `${transitionProperty}: ${effect instanceof KeyframeEffect ? effect.target?.outerHTML : ''}`);
  }, theme);
}

/** Serious findings of axe: rule, place, what is wrong there, and the element. */
async function faults(page: Page, rules: string[] | undefined): Promise<string[]> {
  const axe = new AxeBuilder({ page });
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.flatMap(({ id, nodes }) => nodes.map(({ target, html, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary?.replaceAll(/\s+/g, ' ')} ${html}`));
}
