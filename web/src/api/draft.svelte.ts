// What is typed over a document that somebody else may change meanwhile.
import { untrack } from 'svelte';
import { type Change, type FieldNames, merged, withTheirs } from './merge';

/** What a dialog needs of a draft of any form. */
export interface Decidable {
  readonly taken: readonly Choice[];
  readonly conflicts: readonly Choice[];
  keep: (choice: Choice) => void;
  take: (choice: Choice) => void;
}
export type Choice = Pick<Change<object>, 'label' | 'was' | 'theirs' | 'mine'>;

/**
 * The fields of a form. They begin as the document has them. Where the document is loaded again and somebody has changed it, a field
 * that was not touched takes the new value, one that only the form changed stays, and one that both changed is a conflict that a
 * person decides. A form sends nothing while there are conflicts.
 */
export class Draft<Fields extends object> implements Decidable {
  fields = $state() as Fields;
  /** What was taken over from somebody else since the form was opened. */
  taken = $state.raw<Change<Fields>[]>([]);
  conflicts = $state.raw<Change<Fields>[]>([]);
  #base: Fields | undefined;
  #names: FieldNames<Fields>;

  /** `read` gives the fields of the document as it was loaded last; `blank` what is there while it is not loaded. */
  constructor(read: () => Fields | undefined, names: FieldNames<Fields>, blank?: Fields) {
    this.#names = names;
    this.#base = untrack(read);
    this.fields = $state.snapshot(this.#base ?? blank) as Fields;
    $effect.pre(() => {
      const there = read();
      if (there) untrack(() => this.#follow(there));
    });
  }

  keep = (choice: Choice): void => {
    this.conflicts = this.conflicts.filter((other) => other !== choice);
  };

  take = (choice: Choice): void => {
    const conflict = this.conflicts.find((other) => other === choice);
    if (conflict && this.#base) this.fields = withTheirs($state.snapshot(this.fields) as Fields, this.#base, conflict, this.#names[conflict.field]);
    this.keep(choice);
  };

  #follow(there: Fields): void {
    const base = this.#base;
    this.#base = there;
    if (!base) {
      this.fields = $state.snapshot(there) as Fields;
      return;
    }
    const { fields, taken, conflicts } = merged(base, there, $state.snapshot(this.fields) as Fields, this.#names);
    if (taken.length === 0 && conflicts.length === 0) return;
    const isNew = (old: Change<Fields>) => ![...taken, ...conflicts].some(({ field, entry }) => field === old.field && entry === old.entry);
    this.fields = fields;
    this.taken = [...this.taken.filter(isNew), ...taken];
    this.conflicts = [...this.conflicts.filter(isNew), ...conflicts];
  }
}
