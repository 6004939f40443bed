// What customers do on the screens with their money.
import { readFileSync } from 'node:fs';
import { expect, open, settled, test } from './fixtures';
import { as } from './api';
import { scene } from './scene';
import { VIEWER } from './viewer';

test.skip(({ role }) => role !== 'customer');

/** Cents of an amount as a screen shows it. */
function cents(text: string): number {
  return Number(text.replace(/[^\d.−]/g, '').replace('−', '-').replace('.', ''));
}

test('a top-up by bank transfer is seen in the balance once somebody has seen the money', async ({ app }) => {
  await settled(app);
  const balance = app.locator('.tile', { hasText: 'Balance in USD' }).locator('dd');
  const before = cents((await balance.innerText()).split('\n')[0] ?? '');
  await app.getByRole('button', { name: 'Top up…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Top up' });
  await dialog.getByLabel('Amount in USD').fill('250.5');
  await expect(dialog.getByText(/once the money is there/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Go on' }).click();
  const shown = app.getByRole('dialog', { name: 'How to pay' });
  await expect(shown.getByText('250.50 USD')).toBeVisible();
  const reference = await shown.locator('.reference').innerText();

  const admin = await as('admin');
  const { items } = (await admin.get(`/v1/payments?account=acme&reference=${reference}`)) as { items: { id: string; state: string }[] };
  expect(items.map((payment) => payment.state)).toEqual(['requires_action']);
  await admin.post(`/v1/payments/${items[0]?.id}/confirm`, { amount: '250.50', bank_reference: 'statement 12' });

  await shown.getByRole('button', { name: 'Close' }).click();
  await open(app, '/account/payments');
  await expect(app.getByRole('row', { name: new RegExp(`250\\.50 USD succeeded .*${reference}`) })).toBeVisible();
  await open(app, '/account/overview');
  await settled(app);
  // Messages are sent meanwhile, and cost something.
  await expect.poll(async () => cents((await balance.innerText()).split('\n')[0] ?? '') - before).toBeGreaterThan(20_000);
  await expect(app.getByRole('row', { name: /payment .*250\.50 USD/ })).toBeVisible();
});

test('a change of the subscription says line by line what it costs, and costs that', async ({ app }) => {
  await open(app, '/account/subscription');
  await app.getByRole('button', { name: 'Change to care' }).click();
  const dialog = app.getByRole('dialog', { name: 'Change from support to care?' });
  await expect(dialog.getByRole('row', { name: /40\.00 USD/ })).toBeVisible();
  const paid = await dialog.getByText('Paid now').locator('xpath=following-sibling::dd[1]').innerText();
  await dialog.getByRole('button', { name: 'Change' }).click();
  await expect(app.getByText(/^care runs from/)).toBeVisible();
  await expect(app.getByRole('table', { name: 'Periods' }).getByRole('row', { name: new RegExp(`^care .*${paid.trim().replace('.', '\\.')}`) })).toBeVisible();
});

test('a bundle is bought at the price that was said', async ({ app }) => {
  await open(app, '/account/bundles');
  await app.getByRole('button', { name: 'Buy east-africa-20000' }).click();
  const dialog = app.getByRole('dialog', { name: 'Buy east-africa-20000?' });
  await expect(dialog.getByText(/20,000 segments for messages to KE, UG, TZ, RW/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Buy for 290.00 USD' }).click();
  await expect(app.getByText('20,000 segments for 290.00 USD.')).toBeVisible();
  await expect(app.getByRole('table', { name: 'Bundles', exact: true }).getByRole('row', { name: /east-africa-20000 active/ })).toBeVisible();
});

test('an API key is shown once, and no more once it is revoked', async ({ app }) => {
  const name = `ledger ${Date.now()}`;
  await open(app, '/connection/keys');
  await app.getByRole('button', { name: 'Make a key…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Make an API key' });
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('billing:read').check();
  await dialog.getByRole('button', { name: 'Make' }).click();
  await expect(app.locator('pre')).toHaveText(/^tg_/);
  await app.getByRole('button', { name: 'I have it' }).click();
  await app.getByRole('button', { name: `Revoke ${name}` }).click();
  await app.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(app.getByText('The key is revoked.')).toBeVisible();
  await expect(app.getByRole('button', { name: `Revoke ${name}` })).toHaveCount(0);
});

test('usage over time is told by country and network, with the exact values in a table', async ({ app }) => {
  await open(app, '/traffic/usage?period=today');
  await settled(app);
  const rate = app.getByRole('figure', { name: 'Delivery rate in percent by country and hour' });
  await rate.getByRole('button', { name: 'Values' }).click();
  await expect(rate.getByRole('table').getByRole('columnheader', { name: /^Kenya \(KE\)/ })).toBeVisible();
  await expect(rate.getByRole('cell', { name: /^\d{1,3}\.\d\d %$/ }).first()).toBeVisible();
  await app.getByRole('group', { name: 'Figure' }).getByRole('button', { name: 'Spent' }).click();
  await app.getByRole('group', { name: 'Lines by' }).getByRole('button', { name: 'Network' }).click();
  const spent = app.getByRole('figure', { name: 'Spent in USD by network and hour' });
  await expect(spent.getByRole('list', { name: /^Lines of/ }).getByRole('listitem')).not.toHaveCount(0);
  await expect(app).toHaveURL(/measure=spend&by=network/);
});

test('messages of whole days are searched in the time zone of the viewer, the last day with it', async ({ app }) => {
  const asked: URL[] = [];
  app.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname === '/v1/messages') asked.push(url);
  });
  await open(app, '/traffic/messages?from=2026-11-30&to=2026-11-30');
  await settled(app);
  // Nairobi is three hours ahead of UTC all year.
  await expect.poll(() => asked.map((url) => [url.searchParams.get('from'), url.searchParams.get('to')])).toContainEqual(['2026-11-29T21:00:00.000Z', '2026-11-30T21:00:00.000Z']);
  await expect(app.getByLabel('From', { exact: true })).toHaveValue('2026-11-30');
});

test('a top-up whose answer is lost is tried again with its key, and not left without a question', async ({ app }) => {
  const keys: string[] = [];
  await app.route('**/v1/payments', async (route) => {
    keys.push((await route.request().headerValue('Idempotency-Key')) ?? '');
    await route.abort();
  });
  await settled(app);
  await app.getByRole('button', { name: 'Top up…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Top up' });
  const amount = dialog.getByLabel('Amount in USD');
  const tries = ['10', '20', '10'];
  for (const [at, text] of tries.entries()) {
    await amount.fill(text);
    // A click beside the dialog does not take away what was typed.
    if (at === 0) await app.mouse.click(4, 400);
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await expect.poll(() => keys.length).toBe(at + 1);
    await expect(dialog.getByText('It may have been carried out. Try again in this dialog')).toBeVisible();
  }
  expect([keys[2], new Set(keys).size]).toEqual([keys[0], 2]);
  const question = dialog.getByText('Leave without knowing whether it was carried out?');
  for (const leave of [() => app.keyboard.press('Escape'), () => app.mouse.click(4, 400), () => dialog.getByRole('button', { name: 'Cancel' }).click()]) {
    await leave();
    await expect(question).toBeVisible();
    await dialog.getByRole('button', { name: 'Stay' }).click();
    await expect(question).toBeHidden();
    await expect(amount).toHaveValue('10');
  }
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.getByRole('button', { name: 'Leave' }).click();
  await expect(dialog).toBeHidden();
});

test('an export of messages has the filters that are in force, and says where there is no file', async ({ app }) => {
  const number = `254722${String(Date.now()).slice(-6)}`;
  const admin = await as('admin');
  for (const text of ['one', 'two']) await admin.post('/v1/charges', { account: 'acme', from: 'ACME', to: number, text });
  await open(app, `/traffic/messages?destination=${number}`);
  await settled(app);
  await app.getByLabel('Country').fill('KE');
  await app.getByLabel('Country').press('Enter');
  await expect(app.getByText(/^2 messages/)).toBeVisible();
  await app.getByRole('button', { name: 'Export…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Export messages' });
  await expect(dialog.getByText(number)).toBeVisible();
  const [file] = await Promise.all([app.waitForEvent('download'), dialog.getByRole('button', { name: 'Export' }).click()]);
  const [head = '', ...rows] = readFileSync(await file.path(), 'utf8').trim().split(/\r?\n/);
  expect(rows).toHaveLength(2);
  for (const row of rows) expect(row).toContain(number);
  expect(head).toContain('country');
  await open(app, `/traffic/messages?destination=${number}&country=FR`);
  await expect(app.getByText('No message fits these filters')).toBeVisible();
  await app.getByRole('button', { name: 'Clear the filters' }).click();
  await expect(app.getByRole('table', { name: 'Messages' })).toBeVisible();
  await expect(app.getByLabel('Number')).toHaveValue('');
  await open(app, '/traffic/messages?state=refused');
  await app.getByRole('button', { name: 'Export…' }).click();
  await expect(dialog.getByText('Those that were refused are in none.', { exact: false })).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Export' })).toBeDisabled();
});

test('the usage screen tells every time in the zone of the plan, with UTC on hover', async ({ browser, sessions }) => {
  // Far from the zone of the account, whose day is another one for half of the time.
  const context = await browser.newContext({ ...VIEWER, timezoneId: 'Pacific/Auckland' });
  await context.addCookies(await sessions('customer'));
  const page = await context.newPage();
  await page.goto(`${scene().address}traffic/usage?period=today`);
  await settled(page);
  const zone = ((await (await as('customer')).get('/v1/accounts/acme/usage?period=today')) as { time_zone: string }).time_zone;
  await expect(page.getByText(`those of ${zone}, the zone of the plan`)).toBeVisible();
  const from = page.locator('main p time').first();
  await expect(from).toContainText('00:00');
  await expect(from).toHaveAttribute('title', /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} UTC$/);
  // A day of the chart is the day of the table.
  const chart = page.getByRole('figure', { name: 'Messages by day' });
  const day = await page.getByRole('table', { name: 'By day' }).getByRole('row').nth(1).getByRole('cell').first().innerText();
  const shown = new Intl.DateTimeFormat('en-GB', { year: 'numeric', month: 'short', day: '2-digit', timeZone: 'UTC' }).format(new Date(day));
  await expect(chart.getByRole('row', { name: shown })).toBeAttached();
  await context.close();
});
