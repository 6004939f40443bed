// Requests beside the screens: of somebody else who is at work, or to see what was done.
import { request } from '@playwright/test';
import type { Role } from '../src/session/session.svelte';
import { scene } from './scene';

export interface Caller {
  get: (path: string) => Promise<unknown>;
  post: (path: string, body: unknown) => Promise<unknown>;
  patch: (path: string, body: unknown) => Promise<unknown>;
}

/** A caller with the token of a role's user. */
export async function as(role: Role): Promise<Caller> {
  const { origin } = new URL(scene().address);
  const context = await request.newContext({ baseURL: origin });
  const logIn = await context.post('/v1/auth/login', { data: { email: scene()[role], password: scene().password } });
  const { access_token: token } = (await logIn.json()) as { access_token: string };
  const headers = { Authorization: `Bearer ${token}` };
  async function send(method: string, path: string, data?: unknown): Promise<unknown> {
    const answer = await context.fetch(path, { method, headers, data });
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.json();
  }
  return { get: (path) => send('GET', path), post: (path, body) => send('POST', path, body), patch: (path, body) => send('PATCH', path, body) };
}
