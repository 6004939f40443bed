// What is shown follows what the server tells of, but not under a question: whoever decides does so on what the question showed.
import { untrack } from 'svelte';
import { live, type Topic } from '../session/live.svelte';

class Questions {
  /** How many dialogs with something to decide are open. */
  open = $state(0);

  /** Notes one for as long as the component that calls it is there. */
  note(isOpen: () => boolean): void {
    $effect(() => {
      if (!isOpen()) return;
      untrack(() => (this.open += 1));
      return () => untrack(() => (this.open -= 1));
    });
  }
}

export const questions = new Questions();

/** Calls `renew` whenever something of the topics has changed; under a question once, when it is closed. */
export function follow(topics: readonly Topic[], renew: () => unknown): void {
  const told = () => topics.reduce((sum, topic) => sum + (live.changes[topic] ?? 0), 0);
  let seen = untrack(told);
  $effect(() => {
    const now = told();
    if (questions.open > 0 || now === seen) return;
    seen = now;
    untrack(renew);
  });
}
