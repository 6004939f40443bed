// A customer who pays what it owes, who comes back from another site, and who is overtaken.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { expect, logIn, open, settled, test } from './fixtures';
import { as } from './api';
import { scene } from './scene';

interface Payment {
  id: string;
  reference: string;
}

/** A new customer that pays by invoice, with a user of its own: its e-mail address, and the number of an invoice that is open. */
async function indebted(account: string): Promise<{ email: string; number: string }> {
  const admin = await as('admin');
  await admin.post('/v1/accounts', { id: account, plan: 'professional', settings: { name: account, credit_limit: '50.00' } });
  const email = `${account}@example.com`;
  await admin.post('/v1/users', { role: 'customer', email, name: `Ines of ${account}`, account, password: scene().password });
  for (let sent = 0; sent < 2; sent += 1) await admin.post('/v1/charges', { account, from: 'INVOICED', to: '254722000133', text: 'Your statement is here. '.repeat(180) });
  const end = new Date();
  const draft = (await admin.post('/v1/invoices', { account, period_start: new Date(end.getTime() - 86_400_000).toISOString(), period_end: end.toISOString() })) as { id: string };
  const { invoice_number: number } = (await admin.post(`/v1/invoices/${draft.id}/send`, {})) as { invoice_number: string };
  return { email, number };
}

test('pays an invoice from its screen, by the page with the details of the bank', { tag: '@customer' }, async ({ watched }) => {
  const { email, number } = await indebted('invoiced');
  await watched.goto(scene().address);
  await logIn(watched, email);
  await open(watched, '/account/invoices');
  await watched.getByRole('table', { name: 'Invoices' }).getByRole('link', { name: number }).click();
  const pay = watched.getByRole('button', { name: /^Pay .* USD…$/ });
  const amount = (await pay.innerText()).replace(/^Pay (.*) USD…$/, '$1');
  await pay.click();
  const dialog = watched.getByRole('dialog', { name: `Pay invoice ${number}` });
  await expect(dialog.getByText('The invoice is paid, once the money is there.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Go on' }).click();
  const reference = await dialog.locator('.reference').innerText();

  // The page that the screen leads to needs no log-in: it names the same amount and reference.
  const [page] = await Promise.all([watched.waitForEvent('popup'), dialog.getByRole('link', { name: 'Page with the bank’s details' }).or(dialog.getByRole('link', { name: "Page with the bank's details" })).click()]);
  await expect(page.getByText(reference)).toBeVisible();
  await expect(page.getByText(amount).first()).toBeVisible();
  await page.close();

  const admin = await as('admin');
  const { items } = (await admin.get(`/v1/payments?account=invoiced&reference=${reference}`)) as { items: Payment[] };
  await admin.post(`/v1/payments/${items[0]?.id}/confirm`, { amount, bank_reference: 'statement 21' });
  await dialog.getByRole('button', { name: 'Close' }).click();
  await open(watched, '/account/invoices');
  await settled(watched);
  await open(watched, `/account/invoices/${number}`);
  await expect(watched.locator('.tile', { hasText: 'Paid' }).locator('dd')).toContainText(amount);
  await expect(watched.locator('.tile', { hasText: 'Open' }).locator('dd')).toContainText('0.00');
  await expect(watched.getByRole('button', { name: /^Pay / })).toHaveCount(0);
  await open(watched, '/account/payments');
  await expect(watched.getByRole('row', { name: new RegExp(`succeeded invoice ${number}`) })).toBeVisible();
});

test('that comes back from another site is still logged in', { tag: '@customer' }, async ({ watched }) => {
  await watched.goto(scene().address);
  await logIn(watched, scene().customer);
  const cookies = await watched.context().cookies(scene().address);
  expect(cookies.filter(({ httpOnly }) => httpOnly).map(({ sameSite }) => sameSite)).toEqual(['Lax']);
  const back = `${scene().address}account/payments`;
  const other = await site(`<!doctype html><title>Provider</title><a href="${back}">Back to the shop</a>`);
  try {
    // Another site to the browser: its name is not the daemon's.
    await watched.goto(`http://localhost:${other.port}/`);
    await watched.getByRole('link', { name: 'Back to the shop' }).click();
    await expect(watched.getByRole('heading', { name: 'Payments', level: 1 })).toBeVisible();
    await expect(watched.getByLabel('Password')).toHaveCount(0);
    await expect(watched.getByRole('table', { name: 'Payments' })).toBeVisible();
  } finally {
    other.server.close();
    other.server.closeAllConnections();
  }
});

test('cannot give up a payment that has come meanwhile, and is told so', { tag: '@customer' }, async ({ app }) => {
  const made = (await (await as('customer')).post('/v1/payments', { account: 'acme', amount: '12.34', provider: 'manual' })) as Payment;
  await open(app, '/account/payments');
  await frozen(app, made.id);
  await app.getByRole('button', { name: `Show the payment of 12.34 USD ${made.reference}` }).click();
  const dialog = app.getByRole('dialog', { name: 'Payment' });
  await expect(dialog.getByRole('button', { name: 'Give it up' })).toBeVisible();
  await (await as('admin')).post(`/v1/payments/${made.id}/confirm`, { amount: '12.34', bank_reference: 'statement 22' });
  await dialog.getByRole('button', { name: 'Give it up' }).click();
  await expect(dialog.getByText(/its pay page ends, and the balance stays as it is/)).toBeVisible();
  await dialog.getByRole('button', { name: /^Give up \d/ }).click();
  await expect(dialog.getByText('This has changed since it was loaded')).toBeVisible();
  await app.unroute(`**/v1/payments/${made.id}`);
  await dialog.getByRole('button', { name: 'Load the present state' }).click();
  await expect(dialog.getByText('Paid: 12.34 USD are in the wallet.')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Give it up' })).toHaveCount(0);
});

/** Has a payment look as it does now, as on a screen that is not loaded again. */
async function frozen(page: Page, id: string): Promise<void> {
  const body = await (await as('customer')).get(`/v1/payments/${id}`);
  await page.route(`**/v1/payments/${id}`, (route) => route.fulfill({ json: body }));
}

/** A site of one page. */
async function site(page: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(page));
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
