// What has to work without a mouse, and with very many rows.
import { expect, open, settled, test } from './fixtures';

test.skip(({ role }) => role !== 'admin');

test('a chart is read with the arrow keys, and its values stand in a table', async ({ app }) => {
  await open(app, '/operations/operators/alpha');
  await settled(app);
  const chart = app.getByRole('application', { name: /^Messages, last hour/ });
  await chart.focus();
  await chart.press('End');
  const figure = app.getByRole('figure', { name: 'Messages, last hour' });
  await expect(figure.locator('[aria-live]')).toContainText(/Accepted per minute \d+/);
  const details = await chart.getAttribute('aria-details');
  await expect(app.locator(`#${details}`).getByRole('table', { name: 'Values of Messages, last hour' })).toBeAttached();
  await figure.getByRole('button', { name: 'Values' }).press('Enter');
  await expect(app.locator(`#${details}`).getByRole('button', { name: 'Earlier' })).toBeVisible();
});

test('a dialog is opened, left and closed by key, and the focus comes back', async ({ app }) => {
  await open(app, '/administration/users');
  await settled(app);
  const add = app.getByRole('button', { name: 'Add a user…' });
  await add.focus();
  await app.keyboard.press('Enter');
  await expect(app.getByRole('dialog')).toBeVisible();
  await expect(app.getByRole('dialog').locator(':focus')).toHaveCount(1);
  await app.keyboard.press('Escape');
  await expect(app.getByRole('dialog')).toBeHidden();
  await expect(add).toBeFocused();
});

test('a hundred thousand rows draw those in view, and are told by number', async ({ app }) => {
  const ROWS = 100_000;
  const PAGE = 20_000;
  await app.route('**/v1/audit**', async (route) => {
    const first = Number(new URL(route.request().url()).searchParams.get('cursor') ?? '0');
    const items = Array.from({ length: PAGE }, (_, at) => ({
      sequence: ROWS - first - at, at: '2026-01-01T00:00:00Z', actor: 'user:a@example.com', action: 'account.change', resource: `account/${first + at}`,
      request_id: '', hash: '', previous: '', before: null, after: null,
    }));
    await route.fulfill({ json: { items, next_cursor: first + PAGE < ROWS ? String(first + PAGE) : null, total: ROWS } });
  });
  await open(app, '/administration/audit');
  const table = app.getByRole('table', { name: 'Audit log' });
  await expect(table.getByRole('cell', { name: 'account/0', exact: true })).toBeVisible();
  const box = app.getByRole('region', { name: 'Audit log' });
  await box.focus();
  for (let page = 1; page < ROWS / PAGE; page += 1) {
    await app.keyboard.press('End');
    const there = (page + 1) * PAGE;
    await expect(app.getByText(`${there.toLocaleString('en')}${there < ROWS ? ` of ${ROWS.toLocaleString('en')}` : ''} rows`, { exact: true })).toBeVisible();
  }
  await app.keyboard.press('End');
  await expect(table.getByRole('cell', { name: `account/${ROWS - 1}`, exact: true })).toBeVisible();
  await expect(table).toHaveAttribute('aria-rowcount', String(ROWS + 1));
  expect(await table.getByRole('row').count()).toBeLessThan(100);
  await expect(table.getByRole('row').last()).toHaveAttribute('aria-rowindex', String(ROWS + 1));
});

test('menus close by Escape and give the focus back, on a telephone too', async ({ app }) => {
  await open(app, '/billing/accounts/acme');
  await settled(app);
  const change = app.getByRole('button', { name: 'Change', exact: true });
  await change.focus();
  await app.keyboard.press('Enter');
  await expect(app.getByRole('menu')).toBeVisible();
  await app.keyboard.press('Escape');
  await expect(app.getByRole('menu')).toBeHidden();
  await expect(change).toBeFocused();

  await app.setViewportSize({ width: 380, height: 780 });
  const menu = app.getByRole('button', { name: 'Menu', exact: true });
  const screens = app.getByRole('navigation', { name: 'Screens' });
  await menu.press('Enter');
  await expect(screens.locator(':focus')).toHaveCount(1);
  await app.keyboard.press('Escape');
  await expect(screens).toBeHidden();
  await expect(menu).toBeFocused();
  await expect(menu).toHaveAttribute('aria-expanded', 'false');
  // A screen that is chosen gets the focus, and so does what is clicked beside the menu.
  await menu.press('Enter');
  await screens.getByRole('link', { name: 'Accounts' }).press('Enter');
  await expect(screens).toBeHidden();
  await expect(app.locator('#screen')).toBeFocused();
  await menu.click();
  await app.getByRole('button', { name: 'Close the menu' }).click({ position: { x: 360, y: 400 } });
  await expect(screens).toBeHidden();
  await expect(menu).toBeFocused();
});
