// Events are posted to a receiver on this machine: tried, seen in the log, sent again, and signed with the secret that was shown.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { expect, open, test } from './fixtures';
import { as } from './api';

interface Post {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A receiver that keeps what is posted to it, and takes it. */
class Receiver {
  posts: Post[] = [];
  #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part)).on('end', () => {
        this.posts.push({ headers: request.headers, body });
        response.writeHead(204).end();
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/events`;
  }

  /** The events of a kind and an account. Others are at work too, and theirs may come as well. */
  of(type: string, account: string | null): Post[] {
    return this.posts.filter(({ body }) => {
      const event = JSON.parse(body) as { type: string; account: string | null };
      return event.type === type && event.account === account;
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** The signature of a post under a secret, as Standard Webhooks has it. */
function signature({ headers, body }: Post, secret: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest('base64')}`;
}

/** Makes an endpoint on the screen, and gives the secret that is shown once. */
async function added(page: Page, url: string, types: string, account?: string): Promise<string> {
  await page.getByRole('button', { name: 'Add an endpoint…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add an endpoint' });
  if (account) await dialog.getByLabel('Account', { exact: true }).fill(account);
  await dialog.getByLabel('Address').fill(url);
  await dialog.getByLabel('Events', { exact: true }).fill(types);
  await dialog.getByRole('button', { name: 'Add' }).click();
  return taken(page);
}

async function taken(page: Page): Promise<string> {
  const shown = page.getByRole('dialog', { name: 'The secret of the endpoint' });
  const secret = await shown.locator('pre').innerText();
  await shown.getByRole('button', { name: 'I have it' }).click();
  await expect(page.getByText(secret)).toHaveCount(0);
  return secret;
}

/** Chooses something that can be done with an endpoint. */
async function choose(page: Page, url: string, item: string): Promise<void> {
  await page.getByRole('table', { name: 'Endpoints' }).getByRole('row', { name: new RegExp(url) }).getByRole('button', { name: 'Do' }).click();
  await page.getByRole('menuitem', { name: item }).click();
}

test.describe('webhooks', () => {
  const receiver = { current: new Receiver() };
  test.beforeEach(() => void (receiver.current = new Receiver()));
  test.afterEach(() => receiver.current.close());

  test('of a customer are tried, logged, sent again, signed by another secret, and removed', { tag: '@customer' }, async ({ app }) => {
    const url = await receiver.current.listen();
    await open(app, '/connection/webhooks');
    const secret = await added(app, url, 'wallet.topped_up');
    expect(secret).toMatch(/^whsec_/);

    await choose(app, url, 'Post a test event…');
    const trial = app.getByRole('dialog', { name: 'Post a test event?' });
    await trial.getByRole('button', { name: 'Post it' }).click();
    await expect(trial.getByRole('status')).toHaveText('It answered with 204.');
    await trial.getByRole('button', { name: 'Cancel' }).click();
    const [tried] = receiver.current.of('webhook.test', 'acme');
    expect(tried?.headers['webhook-signature']).toBe(signature(tried as Post, secret));
    // It stands in the log of the endpoint, and nobody else has got it.
    await expect(app.getByRole('table', { name: 'Deliveries' }).getByRole('row', { name: /^webhook\.test delivered .* answered with 204/ })).toHaveCount(1);

    const reference = `webhook-${Date.now()}`;
    await (await as('admin')).post('/v1/accounts/acme/topups', { amount: '3.00', reference });
    const topUps = () => receiver.current.of('wallet.topped_up', 'acme').filter(({ body }) => body.includes(reference));
    await expect.poll(() => topUps().length).toBe(1);
    const event = String(topUps()[0]?.headers['webhook-id']);
    await app.getByRole('button', { name: `Deliveries to ${url}` }).click();
    const log = app.getByRole('table', { name: 'Deliveries' });
    await expect(async () => {
      await app.getByRole('button', { name: 'Look again' }).click();
      const row = log.getByRole('row').filter({ has: app.getByRole('button', { name: `Tries of wallet.topped_up ${event}` }) });
      await expect(row).toContainText(/delivered.*answered with 204/, { timeout: 1_000 });
    }).toPass();

    await log.getByRole('button', { name: `Tries of wallet.topped_up ${event}` }).click();
    const delivery = app.getByRole('dialog', { name: 'wallet.topped_up' });
    await expect(delivery.getByRole('table', { name: 'Tries' }).getByRole('row', { name: /204 \d+ ms/ })).toHaveCount(1);
    await delivery.getByRole('button', { name: 'Send it again' }).click();
    await expect(app.getByText('wallet.topped_up is sent again, with the same id.')).toBeVisible();
    await expect.poll(() => topUps().map(({ headers }) => headers['webhook-id'])).toEqual([event, event]);

    await choose(app, url, 'Make a new secret…');
    const rotate = app.getByRole('dialog', { name: 'Make a new secret?' });
    await rotate.getByLabel('Overlap in hours').fill('169');
    await expect(rotate.getByRole('button', { name: 'Make it' })).toBeDisabled();
    await rotate.getByLabel('Overlap in hours').fill('1');
    await rotate.getByRole('button', { name: 'Make it' }).click();
    const other = await taken(app);
    expect(other).not.toBe(secret);
    await choose(app, url, 'Post a test event…');
    await trial.getByRole('button', { name: 'Post it' }).click();
    await expect(trial.getByRole('status')).toBeVisible();
    await trial.getByRole('button', { name: 'Cancel' }).click();
    const last = receiver.current.of('webhook.test', 'acme').at(-1) as Post;
    expect(String(last.headers['webhook-signature']).split(' ').sort()).toEqual([signature(last, secret), signature(last, other)].sort());

    await choose(app, url, 'Remove…');
    await app.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await expect(app.getByText('The endpoint is removed.')).toBeVisible();
    await expect(app.getByRole('button', { name: `Deliveries to ${url}` })).toHaveCount(0);
  });

  test('of a reseller also tell of its customers, and one that was changed meanwhile is not overwritten', { tag: '@reseller' }, async ({ app }) => {
    const url = await receiver.current.listen();
    await open(app, '/connection/webhooks');
    await app.getByRole('button', { name: 'Add an endpoint…' }).click();
    const dialog = app.getByRole('dialog', { name: 'Add an endpoint' });
    await dialog.getByLabel('Address').fill(url);
    await dialog.getByLabel('Events', { exact: true }).fill('no.such');
    await dialog.getByLabel('Also events of the accounts below it').check();
    await dialog.getByRole('button', { name: 'Add' }).click();
    await expect(dialog.getByText(/no\.such/).first()).toBeVisible();
    await expect(dialog.getByLabel('Address')).toHaveValue(url);
    await dialog.getByLabel('Events', { exact: true }).fill('wallet.topped_up');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await taken(app);
    await (await as('admin')).post('/v1/accounts/cityclinic/topups', { amount: '2.00', reference: `below-${Date.now()}` });
    await expect.poll(() => receiver.current.of('wallet.topped_up', 'cityclinic').length).toBe(1);

    await choose(app, url, 'Change…');
    const change = app.getByRole('dialog', { name: 'Change the endpoint' });
    await change.getByLabel('Description').fill('Ours');
    await expect(change.getByRole('button', { name: 'Change' })).toBeEnabled();
    const other = await as('reseller');
    const { items } = (await other.get('/v1/webhook-endpoints?account=brightreach')) as { items: { id: string; url: string }[] };
    const { id } = items.find((it) => it.url === url) ?? { id: '' };
    await other.patch(`/v1/webhook-endpoints/${id}`, { description: 'Theirs' });
    await change.getByRole('button', { name: 'Change' }).click();
    await expect(change.getByText('This has changed since it was loaded')).toBeVisible();
    await expect(change.getByLabel('Description')).toHaveValue('Ours');
    await change.getByRole('button', { name: 'Load the present state' }).click();
    await expect(change.getByText('Theirs', { exact: true })).toBeVisible();
    await expect(change.getByRole('button', { name: 'Change', exact: true })).toBeDisabled();
    await change.getByRole('button', { name: 'Keep yours of Description' }).click();
    await change.getByRole('button', { name: 'Change', exact: true }).click();
    await expect(app.getByText('The endpoint is changed.')).toBeVisible();
  });

  test('of the house get the events of every account, and none once they are off', { tag: '@admin' }, async ({ app }) => {
    const url = await receiver.current.listen();
    await open(app, '/administration/webhooks');
    await added(app, url, 'account.*');
    const row = app.getByRole('table', { name: 'Endpoints' }).getByRole('row', { name: new RegExp(url) });
    await expect(row).toContainText('the house');
    const api = await as('admin');
    await api.post('/v1/accounts/metrogas/suspend', {});
    await api.post('/v1/accounts/metrogas/resume', {});
    await expect.poll(() => ['account.suspended', 'account.resumed'].map((type) => receiver.current.of(type, 'metrogas').length)).toEqual([1, 1]);
    await choose(app, url, 'Switch off…');
    await app.getByRole('dialog', { name: 'Switch it off?' }).getByRole('button', { name: 'Switch off' }).click();
    await expect(row).toContainText('off');
    await choose(app, url, 'Switch on…');
    await app.getByRole('dialog', { name: 'Switch it on?' }).getByRole('button', { name: 'Switch on' }).click();
    await expect(row).not.toContainText('off');
  });
});
