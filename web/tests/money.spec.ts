// What people do on the screens changes what happens to messages: an operator is drained and its traffic moves, a sender ID is approved
// and the next message from it is accepted, prices are published and the next message costs what they say.
import { writeFile } from 'node:fs/promises';
import { as } from './api';
import { expect, open, settled, test } from './fixtures';
import { scene } from './scene';
import { submit } from './submit';

test.skip(({ role }) => role !== 'admin');
test.describe.configure({ mode: 'serial' });

test('a sender ID that is approved is accepted with the next submit', async ({ app }) => {
  expect((await submit('nordbank', 'NB Alerts', 3)).acknowledged).toBe(0);
  await open(app, '/administration/moderation');
  await app.getByRole('button', { name: 'Decide about NB Alerts of nordbank' }).click();
  await app.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await expect(app.getByText('NB Alerts of nordbank is approved.')).toBeVisible();
  expect((await submit('nordbank', 'NB Alerts', 3)).acknowledged).toBe(3);
});

test('an operator that is drained gets no new message, and the others do', async ({ app }) => {
  await open(app, '/operations/operators/alpha');
  await settled(app);
  await app.getByRole('button', { name: 'Drain…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Drain alpha?' });
  await expect(dialog.getByText('active → draining')).toBeVisible();
  await expect(dialog.getByText(/messages? a second, from now on by other operators/)).toBeVisible();
  await expect(dialog.getByText(/All traffic of the last day finds another operator|would find no operator/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await expect(app.getByText('alpha is draining now.')).toBeVisible();
  const taken = async () => {
    const answer = await app.request.get(new URL('/v1/operators/alpha/stats', scene().address).href);
    return ((await answer.json()) as { messages: number }).messages;
  };
  const before = await taken();
  expect((await submit('acme', 'ACME', 20)).acknowledged).toBeGreaterThan(0);
  expect(await taken()).toBe(before);
  await app.getByRole('button', { name: 'Resume…' }).click();
  await app.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await expect(app.getByText('alpha is active now.')).toBeVisible();
});

test('a drain that is meant for another state of the operator is a conflict, and drains nothing', async ({ app }) => {
  await open(app, '/operations/operators/beta');
  await settled(app);
  await app.getByRole('button', { name: 'Drain…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Drain beta?' });
  await expect(dialog.getByText('active → draining')).toBeVisible();
  // Somebody else at work, who has gone back to what the question shows.
  const other = await as('admin');
  for (const step of ['drain', 'resume']) await other.post(`/v1/operators/beta/${step}`, undefined);
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await expect(dialog.getByText('This has changed since it was loaded')).toBeVisible();
  expect(await other.get('/v1/operators/beta')).toMatchObject({ status: 'active' });
  await dialog.getByRole('button', { name: 'Load the present state' }).click();
  await dialog.getByRole('button', { name: 'Drain' }).click();
  await expect(app.getByText('beta is draining now.')).toBeVisible();
  await other.post('/v1/operators/beta/resume', undefined);
});

test('prices that are published are those of the next submit, and messages before keep theirs', async ({ app }, info) => {
  const numbering = info.outputPath('safaricom.csv');
  await writeFile(numbering, 'prefix,mcc,mnc\n254722,639,02\n');
  await (await as('admin')).post('/v1/accounts', { id: 'deckline', plan: 'enterprise', password: scene().smpp_password, opening_balance: '10.00', settings: { system_id: 'deckline' } });
  expect((await submit('deckline', 'DECK', 1, '--numbering', numbering)).acknowledged).toBe(1);

  await open(app, '/prices/imports/new');
  await app.getByLabel('Prices of').selectOption('plan');
  await app.getByLabel('Plan', { exact: true }).fill('enterprise');
  await app.getByLabel('The list has').selectOption('changes');
  const list = 'Country;Network;MCC;MNC;Currency;Rate per SMS\nKenya;Safaricom;639;02;USD;0.0155\nKenya;Airtel;639;03;USD;0.0178\n';
  await app.getByLabel('File').setInputFiles({ name: 'enterprise.csv', mimeType: 'text/csv', buffer: Buffer.from(list) });
  await app.getByRole('button', { name: 'Read the list' }).click();
  await expect(app.getByRole('table', { name: 'New prices' }).getByRole('row', { name: /639\/02 .*Safaricom 0\.0155 0\.02/ })).toBeVisible();
  await app.getByLabel('Meaning of column Network').selectOption('note');
  await app.getByRole('button', { name: 'Read the list again with these columns' }).click();
  await expect(app.getByRole('table', { name: 'New prices' }).getByRole('row', { name: /639\/02 .*Safaricom 0\.0155 0\.02 .*Safaricom/ })).toBeVisible();
  // A quarter less stands out, and has to be looked at.
  await expect(app.getByRole('table', { name: 'Flagged prices' }).getByRole('row', { name: /^moved 639\/02/ })).toBeVisible();
  await app.getByRole('button', { name: 'Publish…' }).click();
  const dialog = app.getByRole('dialog', { name: 'Publish these prices?' });
  await expect(dialog.getByText('2 new, 0 changed, 0 removed')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Publish' })).toBeDisabled();
  await dialog.getByLabel(/they are right/).check();
  await dialog.getByRole('button', { name: 'Publish' }).click();
  await expect(app.getByText(/Version .* is in force\./)).toBeVisible();

  expect((await submit('deckline', 'DECK', 1, '--numbering', numbering)).acknowledged).toBe(1);
  await open(app, '/messages?account=deckline');
  const prices = app.getByRole('table', { name: 'Messages' }).getByRole('row').filter({ hasText: 'deckline' });
  await expect(prices).toHaveCount(2);
  await expect(prices.first()).toContainText('0.0155 USD');
  await expect(prices.last()).toContainText('0.02 USD');
  await prices.first().getByRole('link').click();
  await expect(app.getByText(/0\.0155/).first()).toBeVisible();
});
