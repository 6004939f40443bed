// A page of a person who is logged in. Whatever the browser complains about fails the test.
import { expect, request, test as base, type BrowserContext, type Page } from '@playwright/test';
import type { Role } from '../src/session/session.svelte';
import { scene } from './scene';
import { VIEWER } from './viewer';

/** What a project says of its person. */
export interface Options {
  role: Role;
}
interface Fixtures {
  /** A page that nobody is logged in at. */
  watched: Page;
  /** A page of the project's role. */
  app: Page;
  /** A page of the project's role that goes from screen to screen, test after test. It is for looking alone. */
  tour: Page;
}
type Cookies = Parameters<BrowserContext['addCookies']>[0];
interface Shared {
  /** The session of each role that a worker has logged in. */
  sessions: (role: Role) => Promise<Cookies>;
  /** The page of `tour`, with what the browser complains about. */
  toured: { page: Page; complaints: string[] };
}

export const test = base.extend<Fixtures, Options & Shared>({
  role: ['admin', { option: true, scope: 'worker' }],
  sessions: [
    async ({}, use) => {
      const known = new Map<Role, Promise<Cookies>>();
      await use((role) => {
        const cookies = known.get(role) ?? session(scene()[role]);
        known.set(role, cookies);
        return cookies;
      });
    },
    { scope: 'worker' },
  ],
  watched: async ({ page }, use) => {
    const complaints = await complaintsOf(page);
    await use(page);
    expect(complaints, 'what the browser complained about').toEqual([]);
  },
  app: async ({ watched, role, sessions }, use) => {
    await enter(watched, await sessions(role));
    await use(watched);
  },
  toured: [
    async ({ browser, role, sessions }, use) => {
      const context = await browser.newContext(VIEWER);
      const page = await context.newPage();
      const complaints = await complaintsOf(page);
      await enter(page, await sessions(role));
      await use({ page, complaints });
      await context.close();
    },
    { scope: 'worker' },
  ],
  tour: async ({ toured: { page, complaints } }, use, info) => {
    await use(page);
    if (info.status !== info.expectedStatus) await info.attach('screen', { body: await page.screenshot(), contentType: 'image/png' });
    expect(complaints.splice(0), 'what the browser complained about').toEqual([]);
  },
});

/** What the browser complains about on a page, from now on. */
async function complaintsOf(page: Page): Promise<string[]> {
  const complaints: string[] = [];
  page.on('console', (message) => {
    // The browser itself logs every answer above 399; what a screen makes of those is for the tests to say.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`refused by policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
  });
  return complaints;
}

/** Opens the screens with a session. */
async function enter(page: Page, cookies: Cookies): Promise<void> {
  await page.context().addCookies(cookies);
  await page.goto(scene().address);
  await expect(page.getByRole('navigation', { name: 'Screens' })).toBeAttached();
}

export { expect };

/** The cookies of a session of its own. */
export async function session(email: string): Promise<Cookies> {
  const { origin } = new URL(scene().address);
  const context = await request.newContext({ baseURL: origin });
  const answer = await context.post('/v1/session', { data: { email, password: scene().password } });
  expect(answer.status(), await answer.text()).toBe(200);
  const { cookies } = await context.storageState();
  await context.dispose();
  return cookies;
}

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

const SETTLED_MS = 15_000;

/** Waits until a screen has its heading and nothing on it is on its way any more. The page looks itself, as often as it can draw. */
export async function settled(page: Page): Promise<void> {
  const left = await page.evaluate(async (most) => {
    const missing = () => (document.querySelector('main h1') ? (document.querySelector('.skeleton')?.parentElement?.outerHTML.slice(0, 400) ?? '') : 'the heading');
    const end = performance.now() + most;
    while (missing() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 16));
    return missing();
  }, SETTLED_MS);
  expect(left, 'what the screen still waits for').toBe('');
}
