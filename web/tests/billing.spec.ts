// Money moves on the screens of billing as they say, and is seen where it went.
import { request, type APIRequestContext } from '@playwright/test';
import { faults } from './axe';
import { expect, open, session, settled, test } from './fixtures';
import { scene } from './scene';

test.skip(({ role }) => role !== 'admin');

/** The API as the admin sees it, beside the browser. */
async function admin(): Promise<APIRequestContext> {
  const { origin } = new URL(scene().address);
  const open = await request.newContext({ baseURL: origin });
  const answer = await open.post('/v1/auth/login', { data: { email: scene().admin, password: scene().password } });
  const { access_token } = (await answer.json()) as { access_token: string };
  await open.dispose();
  return request.newContext({ baseURL: origin, extraHTTPHeaders: { Authorization: `Bearer ${access_token}` } });
}

async function posted(api: APIRequestContext, path: string, data: object): Promise<Record<string, string>> {
  const answer = await api.post(path, { data });
  expect(answer.ok(), await answer.text()).toBe(true);
  return (await answer.json()) as Record<string, string>;
}

test('a top-up says what it will do, and is seen in the balance and in the ledger', async ({ app }) => {
  await open(app, '/billing/accounts/biz_test_002');
  await settled(app);
  await app.getByRole('button', { name: 'Top up…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Top up biz_test_002' });
  await dialog.getByLabel('Amount in USD').fill('125,50');
  await expect(dialog.getByText('An amount such as 1250.00')).toBeVisible();
  await dialog.getByLabel('Amount in USD').fill('125.50');
  await dialog.getByLabel('Reference').fill('TR-2026-17');
  await expect(dialog.getByText('500.00 USD → 625.50 USD').first()).toBeVisible();
  await dialog.getByRole('button', { name: 'Add 125.50 USD' }).click();
  await expect(app.getByText('biz_test_002 had 500.00 and has 625.50 USD.')).toBeVisible();
  await expect(app.getByText('exactly 625.50')).toBeVisible();
  const ledger = app.getByRole('table', { name: 'Ledger' });
  await expect(ledger.getByRole('row', { name: /top up \+125\.50 .*TR-2026-17/ })).toBeVisible();
});

test('billing terms are changed as they were seen, and the customer sees them and changes none', async ({ app, browser }) => {
  const api = await admin();
  await open(app, '/billing/accounts/acme');
  await settled(app);
  const panel = app.getByRole('region', { name: 'Billing terms' });
  await panel.getByRole('button', { name: 'Set terms…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Billing terms of acme' });
  await expect(dialog.getByRole('button', { name: 'Change' })).toBeDisabled();
  await dialog.getByLabel('Days until due').fill('soon');
  await expect(dialog.getByText('A number of days is needed here.')).toBeVisible();
  await dialog.getByLabel('Days until due').fill('21');
  await dialog.getByLabel('Tax id').fill('P051-ACME');
  await expect(dialog.getByText(/days after sending, as for every account → 21 days after sending/)).toBeVisible();
  await dialog.getByLabel('City').fill('Kisumu');
  // Somebody else changes what the form does not show, a field that is not touched here, and two that are.
  const present = await (await api.get('/v1/accounts/acme/invoice-terms')).json() as { party: object };
  const changed = { ...present, due_days: 10, cycle: 'weekly', party: { ...present.party, phone: '+254 20 1', city: 'Mombasa' } };
  expect((await api.put('/v1/accounts/acme/invoice-terms', { data: changed })).ok()).toBe(true);
  await dialog.getByRole('button', { name: 'Change' }).click();
  await expect(dialog.getByText('This has changed since it was loaded')).toBeVisible();
  await expect(dialog.getByLabel('Days until due')).toHaveValue('21');
  await dialog.getByRole('button', { name: 'Load the present state' }).click();
  await expect(dialog.getByText('every month → every week, from Monday on')).toBeVisible();
  await expect(dialog.getByLabel('Invoiced')).toHaveValue('weekly');
  await expect(dialog.getByLabel('Tax id')).toHaveValue('P051-ACME');
  await expect(dialog.getByText('This has changed since it was loaded')).toBeHidden();
  const change = dialog.getByRole('button', { name: 'Change', exact: true });
  await expect(change).toBeDisabled();
  expect(await faults(app)).toEqual([]);
  await dialog.getByRole('button', { name: 'Keep yours of Days until due' }).click();
  await expect(change).toBeDisabled();
  await dialog.getByRole('button', { name: 'Take theirs of City' }).click();
  await expect(dialog.getByLabel('City')).toHaveValue('Mombasa');
  await change.click();
  await expect(app.getByText('The invoices of acme that are sent from now on have its new terms.')).toBeVisible();
  await expect(panel.getByText('21 days after sending')).toBeVisible();
  expect(await (await api.get('/v1/accounts/acme/invoice-terms')).json()).toMatchObject({ due_days: 21, cycle: 'weekly', party: { tax_id: 'P051-ACME', phone: '+254 20 1', city: 'Mombasa' } });

  const context = await browser.newContext();
  await context.addCookies(await session(scene().customer));
  const customer = await context.newPage();
  await customer.goto(`${scene().address}account/invoices`);
  const own = customer.getByRole('region', { name: 'Billing terms' });
  await expect(own.getByText('P051-ACME')).toBeVisible();
  await expect(own.getByText('21 days after sending')).toBeVisible();
  await expect(own.getByRole('button')).toHaveCount(0);
  await context.close();
});

test('an account is created, its invoice sent, and paid in two parts', async ({ app }) => {
  await open(app, '/billing/accounts');
  await app.getByRole('button', { name: 'Create an account…' }).click();
  const create = app.getByRole('dialog', { name: 'Create an account' });
  await create.getByLabel('Id', { exact: true }).fill('lakeside');
  await create.getByLabel('Name', { exact: true }).fill('Lakeside Power');
  await create.getByLabel('Plan', { exact: true }).selectOption('professional');
  await create.getByLabel('Credit limit in USD').fill('100');
  await create.getByRole('button', { name: 'Create', exact: true }).click();
  await app.getByRole('dialog', { name: 'The account lakeside' }).getByRole('button', { name: 'I have it' }).click();

  const api = await admin();
  for (let sent = 0; sent < 4; sent++) await posted(api, '/v1/charges', { account: 'lakeside', from: 'POWER', to: '254722000111', text: 'Your bill is ready. '.repeat(190) });
  const end = new Date();
  const draft = await posted(api, '/v1/invoices', { account: 'lakeside', period_start: new Date(end.getTime() - 86_400_000).toISOString(), period_end: end.toISOString() });

  await open(app, `/billing/invoices/${draft.id}`);
  await app.getByRole('button', { name: 'Send…' }).click();
  await app.getByRole('dialog', { name: 'Send the invoice?' }).getByRole('button', { name: 'Send' }).click();
  await expect(app.getByRole('heading', { name: /Invoice INV-/ })).toBeVisible();
  await expect(app.getByText(/asks for 2\.00 USD/)).toBeVisible();

  await app.getByRole('button', { name: 'Record a payment…' }).click();
  let pay = app.getByRole('dialog', { name: /Record a payment of INV-/ });
  await expect(pay.getByLabel('Amount in USD')).toHaveValue('2.00');
  await pay.getByLabel('Amount in USD').fill('0.75');
  await expect(pay.getByText('2.00 USD → 1.25 USD')).toBeVisible();
  await pay.getByRole('button', { name: 'Record 0.75 USD' }).click();
  await expect(app.getByText('0.75 USD paid, 1.25 open')).toBeVisible();

  await app.getByRole('button', { name: 'Record a payment…' }).click();
  pay = app.getByRole('dialog', { name: /Record a payment of INV-/ });
  await expect(pay.getByText('sent → paid')).toBeVisible();
  await pay.getByRole('button', { name: 'Record 1.25 USD' }).click();
  await expect(app.getByText('2.00 USD paid, 0.00 open')).toBeVisible();
  await expect(app.getByRole('main').getByText('paid', { exact: true }).first()).toBeVisible();

  await open(app, '/billing/accounts/lakeside');
  await expect(app.getByText('exactly 0.00')).toBeVisible();
  await api.dispose();
});

test('a bank transfer is asked for, confirmed with less than was asked for, and refunded in part', async ({ app }) => {
  await open(app, '/billing/payments');
  await app.getByRole('button', { name: 'Ask for a payment…' }).click();
  const ask = app.getByRole('dialog', { name: 'Ask for a payment' });
  await ask.getByLabel('Account', { exact: true }).fill('biz_test_001');
  await ask.getByLabel('Amount in USD').fill('40');
  await ask.getByRole('button', { name: 'Ask for 40.00 USD' }).click();
  await app.getByRole('button', { name: 'Confirm the transfer…' }).click();
  const confirm = app.getByRole('dialog', { name: /Confirm the transfer/ });
  await confirm.getByLabel('Amount that came in USD').fill('39.50');
  await confirm.getByRole('button', { name: 'Credit 39.50 USD' }).click();
  await expect(app.getByText('39.50 USD were credited to biz_test_001.')).toBeVisible();
  await app.getByRole('button', { name: 'Refund…' }).click();
  const refund = app.getByRole('dialog', { name: 'Refund biz_test_001' });
  await refund.getByLabel('Amount in USD').fill('9.50');
  await refund.getByLabel('Reason').fill('Paid twice');
  await refund.getByRole('button', { name: 'Refund 9.50 USD' }).click();
  await expect(app.getByRole('table', { name: 'Refunds' }).getByText('Paid twice')).toBeVisible();
  await expect(app.getByText('30.00 USD')).toBeVisible();
});

test('a limit that somebody else has changed meanwhile is not overwritten, and what was typed is kept', async ({ app }) => {
  await open(app, '/billing/accounts/cityclinic');
  await settled(app);
  await app.getByRole('button', { name: 'Change' }).click();
  await app.getByRole('menuitem', { name: 'Credit limit and threshold…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Limits of cityclinic' });
  await dialog.getByLabel('Credit limit in USD').fill('75');
  const api = await admin();
  expect((await api.patch('/v1/accounts/cityclinic', { data: { name: 'City Clinic Ltd' } })).ok()).toBe(true);
  await api.dispose();
  await dialog.getByRole('button', { name: 'Change' }).click();
  await expect(dialog.getByText('This has changed since it was loaded')).toBeVisible();
  await expect(dialog.getByLabel('Credit limit in USD')).toHaveValue('75');
  await dialog.getByRole('button', { name: 'Load the present state' }).click();
  await expect(app.getByText('City Clinic Ltd')).toBeAttached();
  await dialog.getByRole('button', { name: 'Change', exact: true }).click();
  await expect(app.getByText('The credit limit of cityclinic is 75.00 USD.')).toBeVisible();
});

test('a quote says what a message costs, and why', async ({ app }) => {
  await open(app, '/billing/quote');
  await app.getByLabel('Account').fill('cityclinic');
  await app.getByLabel('To', { exact: true }).fill('254722000111');
  await app.getByRole('button', { name: 'Quote', exact: true }).click();
  await expect(app.getByText(/found by prefix 25472/)).toBeVisible();
  const wallets = app.getByRole('table', { name: 'Postings' });
  await expect(wallets.getByRole('link', { name: 'cityclinic' })).toBeVisible();
  await expect(wallets.getByRole('link', { name: 'brightreach' })).toBeVisible();
  await expect(app.getByRole('table', { name: 'Operators' }).getByText('chosen')).toBeVisible();
});

test('revenue leads from an account to its countries, and back', async ({ app }) => {
  await open(app, '/billing/revenue');
  const table = app.getByRole('table', { name: 'Revenue and margin by account' });
  await table.getByRole('button', { name: 'metrogas' }).click();
  await expect(app.getByText('Only account metrogas')).toBeVisible();
  await expect(app.getByRole('table', { name: 'Revenue and margin by country' }).getByRole('row', { name: /Kenya \(KE\)/ })).toBeVisible();
  await app.getByRole('button', { name: 'Operator', exact: true }).click();
  await expect(app.getByText('Only account metrogas')).toHaveCount(0);
  await expect(app.getByRole('table', { name: 'Revenue and margin by operator' })).toBeVisible();
});

test('a cap that is reached already says so before it is set, and refuses the next message', async ({ app }) => {
  const api = await admin();
  await posted(api, '/v1/accounts', { id: 'capped', plan: 'professional', opening_balance: '5.00' });
  await posted(api, '/v1/charges', { account: 'capped', from: 'POWER', to: '254722000111', text: 'one' });
  await open(app, '/billing/accounts/capped');
  await settled(app);
  await app.getByRole('button', { name: 'Change' }).click();
  await app.getByRole('menuitem', { name: 'Spending caps…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Spending caps of capped' });
  await dialog.getByRole('button', { name: 'Add a cap' }).click();
  await expect(dialog.getByText('Each cap needs a name')).toBeVisible();
  await dialog.getByLabel('Name').fill('daily');
  await expect(dialog.getByText('The cap daily limits nothing yet')).toBeVisible();
  await dialog.getByLabel('Money, in USD').fill('0.000001');
  await expect(dialog.getByText(/none → 0\.000001 USD a day, beyond which messages are refused/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Set them' }).click();
  await expect(app.getByText('The caps of capped hold from the next message on.')).toBeVisible();
  await expect(app.getByText('daily, each day:')).toBeVisible();
  const refused = await api.post('/v1/charges', { data: { account: 'capped', from: 'POWER', to: '254722000111', text: 'two' } });
  expect(await refused.json()).toMatchObject({ code: 'spending_cap' });
});
