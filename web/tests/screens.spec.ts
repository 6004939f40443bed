// Every screen as every role: shown to those who may, and refused to the others without a word of what is there. What is shown has no
// serious fault of accessibility, in light and in dark, on a desk and on a telephone.
import AxeBuilder from '@axe-core/playwright';
import { mkdirSync } from 'node:fs';
import { home, routes } from '../src/routes';
import { examples } from './examples';
import { expect, open, settled, test } from './fixtures';

const PICTURES = 'test-results/pictures';
const VIEWS = [
  { name: 'light', theme: 'light', width: 1360, height: 860 },
  { name: 'dark', theme: 'dark', width: 1360, height: 860 },
  { name: 'narrow', theme: 'light', width: 380, height: 780 },
] as const;

mkdirSync(PICTURES, { recursive: true });

for (const route of routes) {
  test(`${route.path}`, async ({ app, role }) => {
    const asked: string[] = [];
    app.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await settled(app);
    await app.waitForURL(`**${home(role)}`);
    asked.length = 0;
    await open(app, examples(route.path));
    if (!route.roles.includes(role)) {
      await expect(app.getByRole('heading', { name: 'This screen is not for your role' })).toBeVisible();
      expect(asked.filter((path) => path.startsWith('/v1/') && !path.startsWith('/v1/session') && !path.startsWith('/v1/stream')), 'data of a screen that is denied').toEqual([]);
      return;
    }
    await expect(app.getByRole('heading', { level: 1 })).toBeVisible();
    await settled(app);
    await expect(app.getByRole('alert')).toHaveCount(0);
    for (const view of VIEWS) {
      await app.setViewportSize({ width: view.width, height: view.height });
      await app.evaluate((theme) => (document.documentElement.dataset.theme = theme), view.theme);
      const wide = await app.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(wide, `pixels that ${view.name} is too wide`).toBeLessThanOrEqual(0);
      const { violations } = await new AxeBuilder({ page: app }).analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`), view.name).toEqual([]);
      const name = `${role}${route.path.replaceAll(/[/:]+/g, '-')}-${view.name}`;
      await app.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: view.name !== 'narrow' });
    }
  });
}
