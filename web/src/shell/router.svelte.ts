// Which screen is shown, by the address. Paths begin with /app/, so that none of them is a path of the API.
import { match, type Params } from './match';
import { routes, type Route } from '../routes';

const BASE = '/app';

class Router {
  /** The path below /app. */
  path = $state('/');
  query = $state.raw(new URLSearchParams());
  /** What stands behind the `#`, with it: values that are sent to nobody. */
  fragment = $state('');
  #found = $derived(find(this.path));

  get route(): Route | undefined {
    return this.#found?.route;
  }

  get params(): Params {
    return this.#found?.params ?? {};
  }

  /** Follows the address bar and the links of the page. */
  start(): () => void {
    const read = () => {
      const path = location.pathname.slice(BASE.length).replace(/\/+$/, '');
      this.path = path === '' ? '/' : path;
      this.query = new URLSearchParams(location.search);
      this.fragment = location.hash;
    };
    const follow = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      const own = link && link.origin === location.origin && link.pathname.startsWith(`${BASE}/`) && !link.target && !link.download;
      if (!own || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      if (link.href !== location.href) history.pushState(null, '', link.href);
      read();
      scrollTo(0, 0);
    };
    addEventListener('popstate', read);
    document.addEventListener('click', follow);
    this.#read = read;
    read();
    return () => {
      removeEventListener('popstate', read);
      document.removeEventListener('click', follow);
    };
  }

  #read: () => void = () => undefined;

  go(path: string): void {
    history.pushState(null, '', BASE + path);
    this.#read();
    scrollTo(0, 0);
  }

  /** Sets or removes values of the address's query: filters of a list, so that a link shows the same. */
  set(values: Record<string, string | undefined>): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(values)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const text = query.toString();
    history.replaceState(null, '', location.pathname + (text ? `?${text}` : ''));
    this.query = query;
  }
}

function find(path: string): { route: Route; params: Params } | undefined {
  for (const route of routes) {
    const params = match(route.path, path);
    if (params) return { route, params };
  }
  return undefined;
}

export const router = new Router();

/** The address of a screen, for a link. */
export function href(path: string): string {
  return BASE + path;
}
