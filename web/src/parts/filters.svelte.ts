// The filters of a screen that are in force, so that an empty list can say whether it is empty for them, and let them go.
import { untrack } from 'svelte';
import { router } from '../shell/router.svelte';

class Filters {
  #names = $state.raw<readonly string[]>([]);

  /** Notes a filter by its name in the address, for as long as the component that calls it is there. */
  note(name: () => string): void {
    $effect.pre(() => {
      const own = name();
      untrack(() => (this.#names = [...this.#names, own]));
      return () => untrack(() => (this.#names = this.#names.filter((_, at) => at !== this.#names.indexOf(own))));
    });
  }

  /** True if a filter of the screen has a value. */
  get areSet(): boolean {
    return this.#names.some((name) => router.query.get(name));
  }

  clear(): void {
    router.set(Object.fromEntries(this.#names.map((name) => [name, undefined])));
  }
}

export const filters = new Filters();
