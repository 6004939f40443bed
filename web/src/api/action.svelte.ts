// Something that changes the world when a person says so: done once, however often it is tried.
import { newKey } from './client';
import { type ApiProblem, asProblem } from './problem';

/**
 * An action of a form or a dialog. The Idempotency-Key stays the same until the action is answered, so that a repetition after
 * a lost connection does nothing twice; another body gets another key.
 */
export class Action<Input, Output> {
  busy = $state(false);
  problem = $state.raw<ApiProblem | undefined>();
  done = $state.raw<Output | undefined>();
  #act: (input: Input, key: string) => Promise<Output>;
  #key: { of: string; key: string } | undefined;

  constructor(act: (input: Input, key: string) => Promise<Output>) {
    this.#act = act;
  }

  /** Does it. True if it is done. */
  async run(input: Input): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = undefined;
    const of = JSON.stringify(input);
    if (this.#key?.of !== of) this.#key = { of, key: newKey() };
    try {
      this.done = await this.#act(input, this.#key.key);
      this.#key = undefined;
      return true;
    } catch (error) {
      this.problem = asProblem(error);
      // An answer was given, so that the next try is a new one; without an answer it is the same.
      if (this.problem.problem.status > 0 && this.problem.problem.status < 500) this.#key = undefined;
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Forgets what went wrong. */
  clear(): void {
    this.problem = undefined;
    this.done = undefined;
  }
}
