// A page of a person who is logged in. Whatever the browser complains about fails the test.
import { expect, test as base, type Page } from '@playwright/test';
import type { Role } from '../src/session/session.svelte';
import { scene } from './scene';

/** What a project says of its person. */
export interface Options {
  role: Role;
}
interface Fixtures {
  /** A page that nobody is logged in at. */
  watched: Page;
  /** A page of the project's role. */
  app: Page;
}

export const test = base.extend<Options & Fixtures>({
  role: ['admin', { option: true }],
  watched: async ({ page }, use) => {
    const complaints: string[] = [];
    page.on('console', (message) => {
      // The browser itself logs every answer above 399; what a screen makes of those is for the tests to say.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => console.error(`refused by policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
    });
    await use(page);
    expect(complaints, 'what the browser complained about').toEqual([]);
  },
  app: async ({ watched, role }, use) => {
    await watched.goto(scene().address);
    await logIn(watched, scene()[role]);
    await use(watched);
  },
});

export { expect };

/** Logs in by the form. */
export async function logIn(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(scene().password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByRole('navigation', { name: 'Screens' })).toBeAttached();
}

/** Opens a screen by its path below /app, without loading the page again. */
export async function open(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    history.pushState(null, '', `/app${to}`);
    dispatchEvent(new PopStateEvent('popstate'));
  }, path);
}

/** Waits until nothing on the screen is on its way any more. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator('.skeleton')).toHaveCount(0);
}
