// What links of mails lead to: a user who was invited, and one who has forgotten the password, come in without anybody's help.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { as } from './api';
import { faults } from './axe';
import { expect, test } from './fixtures';
import { scene } from './scene';

test.skip(({ role }) => role !== 'admin');

const PASSWORD = 'otter cobalt windmill 27';
const OTHER_PASSWORD = 'lantern gravel sixpence 81';

/** The links of the mails to an address, the oldest first, once there are so many. */
async function links(to: string, many: number): Promise<string[]> {
  const found = () => {
    const mails = readdirSync(scene().mails).sort().map((name) => readFileSync(join(scene().mails, name), 'utf8'));
    return mails.filter((mail) => mail.includes(`To: ${to}`)).flatMap((mail) => /https?:\S+\/app\/\S+#\S+/.exec(mail)?.[0] ?? []);
  };
  await expect.poll(() => found().length).toBeGreaterThanOrEqual(many);
  return found();
}

async function setPassword(page: Page, password: string): Promise<void> {
  await page.getByLabel('New password').fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
}

test('who is invited sets a password by the link of the mail, and is logged in', async ({ watched }) => {
  const email = 'ida+sms@example.com';
  await (await as('admin')).post('/v1/users', { email, name: 'Ida', role: 'customer', account: 'acme' });
  const [link = ''] = await links(email, 1);
  await watched.goto(link);
  await expect(watched.getByRole('heading', { name: 'Set your password' })).toBeVisible();
  await expect(watched.getByText(email)).toBeVisible();
  const button = watched.getByRole('button', { name: 'Set the password' });
  await watched.getByLabel('New password').fill('short');
  await expect(watched.getByText('12 to 128 characters (not kept yet)')).toBeAttached();
  await expect(button).toBeDisabled();
  // Long enough, and known to everybody who guesses.
  await setPassword(watched, 'password1234');
  await expect(watched.getByText('is too easy to guess')).toBeVisible();
  for (const width of [380, 1360]) {
    await watched.setViewportSize({ width, height: 780 });
    expect(await faults(watched)).toEqual([]);
  }
  await setPassword(watched, PASSWORD);
  await expect(watched.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: 'Usage' })).toBeAttached();
  expect(watched.url()).not.toContain('token');
  // The link has had its one use.
  await watched.goto(link);
  await setPassword(watched, OTHER_PASSWORD);
  await expect(watched.getByRole('heading', { name: 'This link no longer works' })).toBeVisible();
  expect(await faults(watched)).toEqual([]);
});

test('a password that was forgotten is set again from the log-in on', async ({ watched }) => {
  const email = 'frank@example.com';
  await (await as('admin')).post('/v1/users', { email, name: 'Frank', role: 'customer', account: 'acme', password: PASSWORD });
  await watched.goto(scene().address);
  await watched.getByRole('link', { name: 'Forgotten your password?' }).click();
  await watched.getByLabel('E-mail address').fill(email);
  expect(await faults(watched)).toEqual([]);
  await watched.getByRole('button', { name: 'Send me a link' }).click();
  await expect(watched.getByRole('status')).toContainText('a mail is on its way');
  const [link = ''] = await links(email, 1);
  // The address is only in the link for convenience: without it the log-in asks for it.
  await watched.goto(link.replace(/&email=.*/, ''));
  await setPassword(watched, OTHER_PASSWORD);
  await expect(watched.getByRole('heading', { name: 'Your password is set' })).toBeVisible();
  await watched.getByLabel('E-mail address').fill(email);
  await watched.getByLabel('Password', { exact: true }).fill(OTHER_PASSWORD);
  await watched.getByRole('button', { name: 'Log in' }).click();
  await expect(watched.getByRole('navigation', { name: 'Screens' })).toBeAttached();
});

test('a link without a token, and one that is none, are told plainly and lead on', async ({ watched }) => {
  await watched.goto(`${scene().address}set-password`);
  await expect(watched.getByRole('heading', { name: 'This link no longer works' })).toBeVisible();
  await watched.goto(`${scene().address}verify-email#token=none`);
  await watched.getByRole('button', { name: 'Confirm' }).click();
  await expect(watched.getByRole('heading', { name: 'This link no longer works' })).toBeVisible();
  await watched.getByRole('link', { name: 'Go to the log-in' }).click();
  await expect(watched.getByRole('heading', { name: 'Log in to Tollgate' })).toBeVisible();
});
