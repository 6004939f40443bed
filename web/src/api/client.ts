// The one way to the API: a client made of docs/openapi.json, so that a screen that disagrees with the document does not compile.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema';
import { connection } from '../session/connection.svelte';
import { session } from '../session/session.svelte';
import { ApiProblem, lostConnection, problemOf } from './problem';

/** The schemas of the document by name. */
export type Schemas = components['schemas'];

const SLOW_MS = 60_000;

// Every request of the screens goes through here: it carries the session, notes how the connection is, and has an end.
async function send(request: Request): Promise<Response> {
  const limited = new Request(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(SLOW_MS)]) });
  const done = connection.begin();
  try {
    const response = await session.send(limited);
    connection.reached();
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    connection.missed();
    throw lostConnection(error, request.method === 'GET');
  } finally {
    done();
  }
}

export const api = createClient<paths>({ baseUrl: globalThis.location?.origin ?? 'http://localhost', fetch: send });

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What an answer has for a screen. The document also names the files that some lists can be, which are for `saved`. */
type Content<T> = Exclude<T, string | number[]>;

/** The content of an answer; a problem is thrown as [`ApiProblem`]. */
export async function answer<T>(request: Promise<Answered<T>>): Promise<Content<T>> {
  return (await tagged(request)).value;
}

/** The content of an answer with its revision, for `If-Match`. */
export async function tagged<T>(request: Promise<Answered<T>>): Promise<{ value: Content<T>; tag: string | undefined }> {
  const { data, error, response } = await request;
  if (!response.ok) throw new ApiProblem(problemOf(error, response));
  return { value: data as Content<T>, tag: response.headers.get('ETag') ?? undefined };
}

/** The file of an answer, for saving it. */
export async function saved(request: Promise<Answered<unknown>>, name: string): Promise<void> {
  const { data, error, response } = await request;
  if (!response.ok) throw new ApiProblem(problemOf(error, response));
  const blob = data instanceof Blob ? data : new Blob([String(data)]);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A new Idempotency-Key. A form keeps its own until its request is answered, so that a second try does nothing twice. */
export function newKey(): string {
  return crypto.randomUUID();
}
