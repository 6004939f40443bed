// A session that ends, a connection that is lost, a server that is slow, and somebody else who was faster: each is told, and nothing
// that was typed is gone.
import { expect, logIn, open, session, settled, test } from './fixtures';
import { scene } from './scene';

test.skip(({ role }) => role !== 'admin');

test('a wrong password is told beside the form, and the right one opens the screens', async ({ watched }) => {
  await watched.goto(scene().address);
  await watched.getByLabel('E-mail address').fill(scene().admin);
  await watched.getByLabel('Password').fill('not the password');
  await watched.getByRole('button', { name: 'Log in' }).click();
  await expect(watched.getByRole('alert')).toBeVisible();
  await expect(watched.getByLabel('E-mail address')).toHaveValue(scene().admin);
  await logIn(watched, scene().admin);
  await watched.reload();
  await expect(watched.getByRole('navigation', { name: 'Screens' })).toBeAttached();
});

test('a session that has ended asks for the password and goes on with what was typed', async ({ watched }) => {
  await watched.context().addCookies(await session(scene().admin));
  await watched.goto(`${scene().address}administration/users`);
  await settled(watched);
  await watched.getByRole('button', { name: 'Add a user…' }).click();
  await watched.getByRole('dialog').getByLabel('E-mail address').fill('new@example.com');
  await watched.getByRole('dialog').getByLabel('Name').fill('Nora New');
  await watched.getByRole('dialog').getByLabel('Account').fill('acme');
  await watched.context().clearCookies();
  await watched.getByRole('dialog').getByRole('button', { name: 'Add' }).click();
  const ended = watched.getByRole('dialog', { name: 'Your session has ended' });
  await ended.getByLabel('Password').fill(scene().password);
  await ended.getByRole('button', { name: 'Log in' }).click();
  await expect(ended).toBeHidden();
  const form = watched.getByRole('dialog', { name: 'Add a user' });
  await expect(form.getByLabel('Name')).toHaveValue('Nora New');
  await form.getByRole('button', { name: 'Add' }).click();
  await expect(form).toBeHidden();
  await expect(watched.getByRole('cell', { name: 'new@example.com', exact: true })).toBeVisible();
});

test('a log-in of another user in another tab begins the page anew with that user', async ({ watched }) => {
  const context = watched.context();
  await context.addCookies(await session(scene().admin));
  await watched.goto(`${scene().address}operations/live`);
  await settled(watched);
  await context.clearCookies();
  const other = await context.newPage();
  await other.goto(scene().address);
  await logIn(other, scene().customer);
  const screens = watched.getByRole('navigation', { name: 'Screens' });
  await expect(screens.getByRole('link', { name: 'Usage' })).toBeVisible();
  await expect(screens.getByRole('link', { name: 'Operators' })).toHaveCount(0);
  await other.close();
});

test('a lost connection is told, and the screen goes on by itself', async ({ app }) => {
  await open(app, '/administration/audit');
  await settled(app);
  await app.route('**/v1/**', (route) => route.abort());
  await app.getByLabel('Actor').fill('user:nobody');
  await app.getByLabel('Actor').press('Enter');
  await expect(app.getByText('The connection to the server is lost')).toBeVisible();
  await expect(app.getByLabel('Actor')).toHaveValue('user:nobody');
  await app.unroute('**/v1/**');
  await expect(app.getByText('The connection to the server is lost')).toBeHidden();
  await expect(app.getByText('No change fits these filters')).toBeVisible();
});

test('a slow server is told', async ({ app }) => {
  await settled(app);
  await app.route('**/v1/audit**', async (route) => {
    await expect(app.getByText('The server is slow to answer')).toBeVisible();
    await route.continue();
  });
  await open(app, '/administration/audit');
  await expect(app.getByRole('table', { name: 'Audit log' })).toBeVisible();
  await expect(app.getByText('The server is slow to answer')).toBeHidden();
});

test('a decision that somebody else was faster with is a conflict, and keeps the reason', async ({ app }) => {
  await open(app, '/administration/moderation');
  await app.getByRole('button', { name: 'Decide about Parcel on its way of acme' }).click();
  const dialog = app.getByRole('dialog');
  await dialog.getByLabel('Decision').selectOption('reject');
  await dialog.getByLabel('Reason').fill('Says nothing of the sender');
  // The other one, in another tab.
  const other = await app.context().newPage();
  await other.goto(`${scene().address}administration/moderation`);
  await other.getByRole('button', { name: 'Decide about Parcel on its way of acme' }).click();
  await other.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await expect(other.getByRole('dialog')).toBeHidden();
  await other.close();
  await dialog.getByRole('button', { name: 'Reject' }).click();
  await expect(dialog.getByText('This has changed since it was loaded')).toBeVisible();
  await expect(dialog.getByLabel('Reason')).toHaveValue('Says nothing of the sender');
  await dialog.getByRole('button', { name: 'Load the present state' }).click();
  await expect(dialog.getByText('approved', { exact: true })).toBeVisible();
  await dialog.getByRole('button', { name: 'Reject' }).click();
  await expect(dialog).toBeHidden();
});
