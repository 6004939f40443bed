// A list of any length, page by page: the next page is asked for when the end of what is there comes into view.
import { untrack } from 'svelte';
import type { Topic } from '../session/live.svelte';
import { session } from '../session/session.svelte';
import { follow } from './follow.svelte';
import { type ApiProblem, asProblem } from './problem';

/** One page, as every list of the API has it. */
export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
  /** The items of all pages, where the API counts them. */
  total?: number | null;
  /** False if there are as many at least. */
  total_is_exact?: boolean;
}

/** Empty pages that are passed over at once. */
const EMPTY_PAGES = 50;

type LoadPage<T> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>;

/** A list. It begins anew when reactive state that its `load` reads has changed. */
export class Pages<T> {
  items = $state.raw<T[]>([]);
  problem = $state.raw<ApiProblem | undefined>();
  loading = $state(true);
  /** True once there are no more pages. */
  isWhole = $state(false);
  /** The items of all pages, where the API counts them exactly. */
  total = $state<number | undefined>();
  #load: LoadPage<T>;
  #cursor: string | undefined;
  #running: AbortController | undefined;

  /** `on` names what it is loaded again for, as far as it has been read, as soon as the server tells of a change. */
  constructor(load: LoadPage<T>, { on = [] }: { on?: Topic[] } = {}) {
    this.#load = load;
    $effect(() => {
      void session.epoch;
      void this.reload();
      return () => this.#running?.abort();
    });
    follow(on, () => this.#renew());
  }

  /** True if the list is known to have no items. */
  get isEmpty(): boolean {
    return this.isWhole && this.items.length === 0;
  }

  /** Loads the list from its beginning. */
  async reload(): Promise<void> {
    this.#running?.abort();
    this.#cursor = undefined;
    await this.#next(true, 0);
  }

  // Loads what is there again, in one piece: whoever has read far down stays where they are.
  async #renew(): Promise<void> {
    this.#running?.abort();
    this.#cursor = undefined;
    await this.#next(true, this.items.length);
  }

  /** Loads the next page, unless one is under way. */
  more = async (): Promise<void> => {
    if (!this.isWhole && !this.loading && !this.problem) await this.#next(false, 0);
  };

  async #next(anew: boolean, least: number): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    try {
      let page = await this.#load(this.#cursor, running.signal);
      // A page may be empty and still not be the last, where filters leave few of many.
      for (let tries = 0; tries < EMPTY_PAGES && page.items.length === 0 && page.next_cursor; tries += 1) {
        if (running.signal.aborted) return;
        page = await this.#load(page.next_cursor, running.signal);
      }
      if (running.signal.aborted) return;
      if (anew) this.total = page.total_is_exact === false ? undefined : (page.total ?? undefined);
      const items = [...(anew ? [] : untrack(() => this.items)), ...page.items];
      while (items.length < least && page.next_cursor) {
        page = await this.#load(page.next_cursor, running.signal);
        if (running.signal.aborted) return;
        items.push(...page.items);
      }
      this.items = items;
      this.#cursor = page.next_cursor ?? undefined;
      this.isWhole = this.#cursor === undefined;
      this.problem = undefined;
    } catch (error) {
      if (running.signal.aborted) return;
      this.problem = asProblem(error);
      // Rows that fit the former filters are none of these.
      if (anew && this.problem.isRefusal) this.items = [];
    }
    this.loading = false;
  }
}
