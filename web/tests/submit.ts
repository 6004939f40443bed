// Gateways of the tests.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { scene } from './scene';

export interface Sent {
  acknowledged: number;
}

/** Submits short messages over SMPP, and says what became of them. `more` are options of `tollgate-tools load`. */
export async function submit(account: string, source: string, messages: number, ...more: string[]): Promise<Sent> {
  const run = promisify(execFile);
  const { stdout } = await run(scene().tools, ['load', '--target', scene().smpp, '--system-id', account, '--password', scene().smpp_password,
    '--messages', String(messages), '--source', source, '--mix', 'short', '--json', ...more], { cwd: '..' }).catch((error: { stdout: string }) => error);
  return JSON.parse(stdout) as Sent;
}
