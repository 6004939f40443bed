// What people do on the screens changes what happens to messages: an operator is drained and its traffic moves, a sender ID is approved
// and the next message from it is accepted.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, open, settled, test } from './fixtures';
import { scene } from './scene';

test.skip(({ role }) => role !== 'admin');
test.describe.configure({ mode: 'serial' });

interface Sent {
  acknowledged: number;
}

/** Submits messages over SMPP, and says what became of them. */
async function submit(account: string, source: string, messages: number): Promise<Sent> {
  const run = promisify(execFile);
  const { stdout } = await run(scene().tools, ['load', '--target', scene().smpp, '--system-id', account, '--password', scene().smpp_password,
    '--messages', String(messages), '--source', source, '--mix', 'short', '--json'], { cwd: '..' }).catch((error: { stdout: string }) => error);
  return JSON.parse(stdout) as Sent;
}

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
  await expect(dialog.getByText(/messages a second move to other operators/)).toBeVisible();
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
