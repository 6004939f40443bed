// The user who is logged in, by a cookie that no script can read, and what that user may ask for. The only module that knows what a
// session is made of.
import createClient from 'openapi-fetch';
import type { components, operations, paths } from '../api/schema';
import { ApiProblem, problemOf } from '../api/problem';

export type User = components['schemas']['User'];
export type Role = components['schemas']['UserRole'];
/** The name of something that can be asked of the API. */
export type Operation = keyof operations;

const READS = ['GET', 'HEAD'];
/** Where the tabs of a browser tell each other that somebody has logged in or out. */
const TABS = 'tollgate-session';
const raw = createClient<paths>({ baseUrl: globalThis.location?.origin ?? 'http://localhost' });

class Session {
  user = $state.raw<User | undefined>();
  /** False until it is known whether somebody is logged in. */
  known = $state(false);
  /** True if the server could not be asked who is logged in. */
  unreachable = $state(false);
  /** True if the session ended while somebody was at work. The screen stays, and a log-in goes on with it. */
  expired = $state(false);
  /** True if the account is suspended: it reads everything, and makes and changes nothing. */
  suspended = $state(false);
  /** Counts log-ins. What depends on the session is loaded again when it changes. */
  epoch = $state(0);
  #operations = $state.raw<ReadonlySet<string>>(new Set());
  #csrf: string | undefined;
  #tell: () => void = () => undefined;

  /** Finds out whether somebody is logged in. */
  async restore(): Promise<void> {
    this.unreachable = false;
    try {
      const { data } = await raw.GET('/v1/session');
      if (data) this.#take(data);
    } catch {
      this.unreachable = true;
      return;
    }
    this.known = true;
  }

  /** Follows who is logged in: another tab may give the browser the session of another user. What is returned ends it. */
  watch(): () => void {
    const tabs = new BroadcastChannel(TABS);
    const look = () => {
      if (document.visibilityState === 'visible') void this.isOwn();
    };
    tabs.onmessage = () => void this.isOwn();
    document.addEventListener('visibilitychange', look);
    this.#tell = () => tabs.postMessage(null);
    return () => {
      document.removeEventListener('visibilitychange', look);
      this.#tell = () => undefined;
      tabs.close();
    };
  }

  /** True if the browser's session is the user's of this tab. With another user's the page begins anew, as nothing on it is that one's. */
  async isOwn(): Promise<boolean> {
    if (!this.user) return false;
    try {
      const { data, response } = await raw.GET('/v1/session');
      if (response.status === 401 && this.user) this.expired = true;
      return data !== undefined && this.#isOf(data.user);
    } catch {
      return false;
    }
  }

  async logIn(email: string, password: string): Promise<void> {
    const { data, error, response } = await raw.POST('/v1/session', { body: { email, password } });
    if (!data) throw new ApiProblem(problemOf(error, response));
    const other = this.user !== undefined && this.user.id !== data.user.id;
    this.#take(data);
    this.expired = false;
    this.epoch += 1;
    this.#tell();
    // What another user has typed is not this one's.
    if (other) location.assign('/app/');
  }

  /** Ends this session, or every one of the user. */
  async logOut(everywhere = false): Promise<void> {
    const { error, response } = await raw.DELETE('/v1/session', { params: { query: { everywhere } }, headers: this.#headers() });
    if (!response.ok && response.status !== 401) throw new ApiProblem(problemOf(error, response));
    this.#csrf = undefined;
    this.user = undefined;
    this.#tell();
    this.expired = false;
    history.replaceState(null, '', '/app/');
    dispatchEvent(new PopStateEvent('popstate'));
  }

  /** True if the user may ask for something; a screen shows no button for what would be refused. */
  may(operation: Operation): boolean {
    return this.#operations.has(operation);
  }

  /** Sends a request as the user. */
  async send(request: Request): Promise<Response> {
    const again = request.clone();
    const response = await this.#sent(request);
    if (response.status === 401 && this.user) this.expired = true;
    if (response.status === 403 && !READS.includes(request.method) && (await isForged(response)) && (await this.#renewed())) return this.#sent(again);
    return response;
  }

  #sent(request: Request): Promise<Response> {
    if (!READS.includes(request.method)) for (const [name, value] of Object.entries(this.#headers())) request.headers.set(name, value);
    // eslint-disable-next-line no-restricted-globals -- the client hands its requests over here
    return fetch(request);
  }

  #headers(): Record<string, string> {
    return this.#csrf ? { 'X-CSRF-Token': this.#csrf } : {};
  }

  // The same user may have logged in again in another tab. Another user has not asked for what was sent.
  async #renewed(): Promise<boolean> {
    const { data } = await raw.GET('/v1/session');
    if (!data || !this.#isOf(data.user)) return false;
    this.#take(data);
    return true;
  }

  #isOf(user: User): boolean {
    if (user.id === this.user?.id) return true;
    // Who has logged out here is shown the log-in, and no other user's screens.
    if (this.user) location.assign('/app/');
    return false;
  }

  #take(session: components['schemas']['Session']): void {
    this.#csrf = session.csrf_token ?? undefined;
    this.#operations = new Set(session.operations);
    this.suspended = session.suspended;
    this.user = session.user;
  }
}

async function isForged(response: Response): Promise<boolean> {
  const problem: unknown = await response.clone().json().catch(() => undefined);
  return typeof problem === 'object' && problem !== null && 'code' in problem && problem.code === 'csrf_refused';
}

export const session = new Session();
