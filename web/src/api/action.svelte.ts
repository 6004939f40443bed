// Something that changes the world when a person says so: done once, however often it is tried.
import { newKey } from './client';
import { type ApiProblem, asProblem } from './problem';

/**
 * An action of a form or a dialog. Every input keeps its Idempotency-Key until the action is done or left, so that a repetition after
 * a lost answer does nothing twice, whatever was tried in between. After a refusal a key is free, as the API did nothing with it.
 */
export class Action<Input, Output> {
  busy = $state(false);
  problem = $state.raw<ApiProblem | undefined>();
  done = $state.raw<Output | undefined>();
  /** True from a lost answer on, until the action is done or left: it may have been carried out. */
  isUncertain = $state(false);
  /** True if the action takes a key, so that trying again does it at most once. */
  readonly takesKey: boolean;
  #act: (input: Input, key: string) => Promise<Output>;
  #keys = new Map<string, string>();

  constructor(act: (input: Input, key: string) => Promise<Output>) {
    this.#act = act;
    this.takesKey = act.length > 1;
  }

  /** Does it. True if it is done. */
  async run(input: Input): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = undefined;
    try {
      this.done = await this.#act(input, this.#keyOf(input));
      this.#settle();
      return true;
    } catch (error) {
      this.problem = asProblem(error);
      this.isUncertain ||= this.problem.isUncertain;
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Forgets what went wrong and what was tried: the next try is another action. */
  clear(): void {
    this.problem = undefined;
    this.done = undefined;
    this.#settle();
  }

  #keyOf(input: Input): string {
    const of = JSON.stringify(input);
    const key = this.#keys.get(of) ?? newKey();
    this.#keys.set(of, key);
    return key;
  }

  #settle(): void {
    this.isUncertain = false;
    this.#keys.clear();
  }
}
