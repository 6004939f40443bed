// What resellers do on the screens with the money and the terms of their customers.
import { expect, open, settled, test } from './fixtures';
import { as } from './api';

test.skip(({ role }) => role !== 'reseller');

test('funding a new customer moves both balances, and withdrawing moves them back', async ({ app }) => {
  const id = `shop-${Date.now() % 1_000_000_000}`;
  await open(app, '/reseller/customers');
  await app.getByRole('button', { name: 'Add a customer…' }).click();
  const added = app.getByRole('dialog', { name: 'Add a customer' });
  await added.getByLabel('Id', { exact: true }).fill(id);
  await added.getByLabel('Plan').selectOption('starter');
  await added.getByRole('button', { name: 'Add' }).click();
  await app.getByRole('link', { name: 'Go to it' }).click();
  await settled(app);
  const balance = app.locator('.tile', { hasText: 'Balance in USD' }).locator('dd');
  await expect(balance).toContainText('0.00');

  await app.getByRole('button', { name: 'Fund…' }).click();
  const funded = app.getByRole('dialog', { name: `Fund ${id}` });
  await funded.getByLabel('Amount in USD').fill('25');
  await funded.getByLabel('Reference').fill(`start ${id}`);
  await expect(funded.getByText('0.00 USD → 25.00 USD')).toBeVisible();
  await funded.getByRole('button', { name: 'Fund 25.00 USD' }).click();
  await expect(app.getByText(`25.00 USD went to ${id}, which has 25.00 USD now.`)).toBeVisible();
  await expect(balance).toContainText('25.00');
  await expect(app.getByRole('row', { name: new RegExp(`transfer in start ${id} 25\\.00 USD 25\\.00`) })).toBeVisible();

  await app.getByRole('button', { name: 'Withdraw…' }).click();
  const taken = app.getByRole('dialog', { name: `Withdraw from ${id}` });
  await taken.getByLabel('Amount in USD').fill('26');
  await taken.getByLabel('Reference').fill(`end ${id}`);
  await taken.getByRole('button', { name: 'Withdraw 26.00 USD' }).click();
  await expect(taken.getByRole('alert')).toBeVisible();
  await expect(taken.getByLabel('Reference')).toHaveValue(`end ${id}`);
  await taken.getByLabel('Amount in USD').fill('24.999999');
  await expect(taken.getByText('25.00 USD → 0.000001 USD')).toBeVisible();
  await taken.getByRole('button', { name: 'Withdraw 24.999999 USD' }).click();
  await expect(app.getByText(`24.999999 USD came from ${id}, which has 0.000001 USD now.`)).toBeVisible();

  await open(app, '/account/transactions?kind=transfer_out');
  await expect(app.getByRole('row', { name: new RegExp(`transfer out start ${id} .*−25\\.00 USD`) })).toBeVisible();
  await open(app, '/account/transactions?kind=transfer_in');
  await expect(app.getByRole('row', { name: new RegExp(`transfer in end ${id} .*24\\.999999 USD`) })).toBeVisible();
});

test('terms that somebody else has changed meanwhile are not overwritten, and what was typed stays', async ({ app }) => {
  await open(app, '/reseller/customers/tinyshop');
  await settled(app);
  await app.getByRole('button', { name: 'Terms…', exact: true }).click();
  const dialog = app.getByRole('dialog', { name: 'Terms of tinyshop' });
  const threshold = `12.${10 + (Date.now() % 90)}`;
  await dialog.getByLabel('Warned below').fill(threshold);
  await (await as('reseller')).patch('/v1/accounts/tinyshop', { low_balance_threshold: '51.00' });
  await dialog.getByRole('button', { name: 'Change' }).click();
  await expect(dialog.getByText('This has changed since it was loaded')).toBeVisible();
  await expect(dialog.getByLabel('Warned below')).toHaveValue(threshold);
  await dialog.getByRole('button', { name: 'Load the present state' }).click();
  await dialog.getByRole('button', { name: 'Keep yours of Warned below' }).click();
  await dialog.getByRole('button', { name: 'Change', exact: true }).click();
  await expect(app.getByText('tinyshop is changed, from the next message on.')).toBeVisible();
  await expect(app.getByText(`warned below ${threshold}`)).toBeVisible();
});

test('a price list is kept with another mark-up, and says who pays by it', async ({ app }) => {
  await open(app, '/reseller/price-lists/retail');
  await settled(app);
  const first = app.getByRole('group', { name: 'Mark-up 1' });
  const percent = (await first.getByLabel('Percent').inputValue()) === '25' ? '20' : '25';
  await first.getByLabel('Percent').fill('many');
  await expect(app.getByText('Mark-up 1 has something that is no decimal number.')).toBeVisible();
  await expect(app.getByRole('button', { name: 'Keep…' })).toBeDisabled();
  await first.getByLabel('Percent').fill(percent);
  await app.getByRole('button', { name: 'Keep…' }).click();
  await expect(app.getByRole('dialog').getByText(/customers? buys? by it/)).toBeVisible();
  await app.getByRole('dialog').getByRole('button', { name: 'Keep' }).click();
  await expect(app.getByText(/^The list is kept/)).toBeVisible();
  await expect(first.getByLabel('Percent')).toHaveValue(percent);
});

test('suspending a customer says what stops, and can be taken back', async ({ app }) => {
  await open(app, '/reseller/customers/cityclinic');
  await settled(app);
  await app.getByRole('button', { name: 'Suspend…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Suspend cityclinic?' });
  await expect(dialog.getByText(/messages for .* USD; all further ones are refused/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Suspend' }).click();
  await expect(app.getByText('cityclinic is suspended now.')).toBeVisible();
  await app.getByRole('button', { name: 'Resume…' }).click();
  await app.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await expect(app.getByText('cityclinic is active now.')).toBeVisible();
});

test('what stands on invoices as their issuer is set with a bank account and a logo, and sent documents have it', async ({ app }) => {
  await open(app, '/reseller/issuer');
  await settled(app);
  const panel = app.getByRole('region', { name: 'Issuer of invoices' });
  await panel.getByRole('button', { name: 'Change…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Issuer of invoices' });
  await expect(dialog.getByRole('button', { name: 'Change', exact: true })).toBeDisabled();
  const bic = `KCB${Date.now() % 100_000}`;
  await dialog.getByLabel('Name on invoices').fill('BrightReach Messaging Ltd');
  await dialog.getByLabel('BIC').fill(bic);
  await dialog.getByRole('button', { name: 'Change', exact: true }).click();
  // A bank account without a number is none that can be paid to.
  await expect(dialog.getByRole('alert')).toContainText('bank.account_number');
  await dialog.getByLabel('IBAN or account number').fill('KE59 0000 0001');
  await dialog.getByLabel('Country').fill('ke');
  await expect(dialog.getByText(`KE59 0000 0001, ${bic}`)).toBeVisible();
  await dialog.getByRole('button', { name: 'Change', exact: true }).click();
  await expect(app.getByText('Documents that are sent from now on have it.')).toBeVisible();
  await expect(panel.getByText(`KE59 0000 0001, ${bic}`)).toBeVisible();
  expect(await (await as('reseller')).get('/v1/accounts/brightreach/issuer')).toMatchObject({ party: { name: 'BrightReach Messaging Ltd', country: 'KE' }, bank: { bic } });

  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');
  await panel.getByLabel('Logo', { exact: true }).setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: png });
  await expect(panel.getByRole('img', { name: 'Logo of the issuer' })).toBeVisible();
  await panel.getByRole('button', { name: 'Remove the logo' }).click();
  await expect(panel.getByRole('img')).toHaveCount(0);
  await expect(panel.getByLabel('Logo', { exact: true })).toBeVisible();
});
