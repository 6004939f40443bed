// The business that the tests look at: ops/show starts it on free ports and ends with the tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Role } from '../src/session/session.svelte';

export interface Scene {
  address: string;
  smpp: string;
  password: string;
  smpp_password: string;
  /** The program tollgate-tools. */
  tools: string;
  /** The folder that mails are written to. */
  mails: string;
  admin: string;
  reseller: string;
  customer: string;
  /** The id of a price list that waits for its confirmation. */
  import: string;
  /** The number of an invoice, and the id of a message, that each of two roles may see. */
  invoices: Partial<Record<Role, string>>;
  messages: Partial<Record<Role, string>>;
  /** The number of an invoice that is open in part, of its credit note, and of a statement. */
  invoice: string;
  note: string;
  statement: string;
  /** The id of a payment that has succeeded. */
  payment: string;
}

/** The scene that was started, in a worker. */
export function scene(): Scene {
  return JSON.parse(process.env.TOLLGATE_SCENE ?? '{}') as Scene;
}

export default async function start(): Promise<() => Promise<void>> {
  // One that somebody has started already serves as well.
  if (process.env.TOLLGATE_SCENE) return async () => undefined;
  const binaries = process.env.TOLLGATE_BINARIES;
  if (!binaries) throw new Error('TOLLGATE_BINARIES names no folder with tollgate and tollgate-tools');
  const child = spawn('python3', ['-m', 'show', '--binaries', binaries, '--json'], { cwd: '../ops', stdio: ['ignore', 'pipe', 'inherit'] });
  process.env.TOLLGATE_SCENE = await firstLine(child);
  return async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the scene ended with ${code} before it was ready`)));
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => line.startsWith('{') && resolve(line));
  });
}
