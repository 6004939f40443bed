// Data that a screen shows: loaded once, again on demand, and by interval while the page is seen.
import type { Topic } from '../session/live.svelte';
import { session } from '../session/session.svelte';
import { follow } from './follow.svelte';
import { type ApiProblem, asProblem } from './problem';

interface Options {
  /** Milliseconds between two loads. None: only on demand. */
  every?: number;
  /** What it is loaded again for as soon as the server tells of a change. */
  on?: Topic[];
}

/**
 * One answer of the API. It belongs to the component that makes it, and ends with it. What `load` reads of reactive state
 * makes it load again. The last answer stays while the next one comes, and goes when that is refused.
 */
export class Resource<T> {
  data = $state.raw<T | undefined>();
  problem = $state.raw<ApiProblem | undefined>();
  loading = $state(true);
  #load: (signal: AbortSignal) => Promise<T>;
  #running: AbortController | undefined;

  constructor(load: (signal: AbortSignal) => Promise<T>, options: Options = {}) {
    this.#load = load;
    const { every, on = [] } = options;
    $effect(() => {
      // A new log-in loads again what the old session could not.
      void session.epoch;
      void this.reload();
      return () => this.#running?.abort();
    });
    follow(on, () => this.reload());
    if (every) {
      $effect(() => {
        const timer = setInterval(() => {
          if (document.visibilityState === 'visible' && !this.loading) void this.reload();
        }, every);
        return () => clearInterval(timer);
      });
    }
  }

  /** Loads again. A load that is under way is given up. */
  async reload(): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    try {
      const data = await this.#load(running.signal);
      if (running.signal.aborted) return;
      this.data = data;
      this.problem = undefined;
    } catch (error) {
      if (running.signal.aborted) return;
      this.problem = asProblem(error);
      if (this.problem.isRefusal) this.data = undefined;
    }
    this.loading = false;
  }
}
