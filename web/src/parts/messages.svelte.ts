// Short notes of what was done, at the edge of the page. They go by themselves; what went wrong is never told here.

interface Note {
  id: number;
  text: string;
}

const STAY_MS = 6_000;

class Notes {
  shown = $state<Note[]>([]);
  #next = 0;

  /** Tells what was done. */
  say(text: string): void {
    const id = this.#next++;
    this.shown.push({ id, text });
    setTimeout(() => (this.shown = this.shown.filter((note) => note.id !== id)), STAY_MS);
  }
}

export const notes = new Notes();
