// One stream of events for all tabs of a user in a browser, as a browser has six connections to a server in all. The tab that holds the lock
// reads the stream and passes it on; hidden tabs hold none, and the next one goes on where the last has stopped.

export interface StreamMessage {
  event: string;
  data: unknown;
  id: string;
}

interface Parts {
  /** What the tabs of one user call the stream; those of another user have another. */
  name: string;
  /** Opens the stream behind the last event that is known. */
  open: (lastId: string | undefined, take: (message: StreamMessage) => void, lost: () => void) => () => void;
  /** The lock that one tab holds; without one, as on a page without TLS, every tab reads for itself. */
  locks: LockManager | undefined;
  /** To the other tabs and from them. */
  channel: Pick<BroadcastChannel, 'postMessage' | 'onmessage' | 'close'>;
  take: (message: StreamMessage) => void;
}

const PAUSE_MS = 2_000;

/** Takes part in the stream of this browser for as long as the tab is seen. */
export class SharedStream {
  #parts: Parts;
  #lastId: string | undefined;
  #leave: AbortController | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.channel.onmessage = (event: MessageEvent<StreamMessage>) => this.#took(event.data);
  }

  /** Begins to take part. */
  enter(): void {
    if (this.#leave) return;
    const leave = new AbortController();
    this.#leave = leave;
    const { locks } = this.#parts;
    if (!locks) {
      void this.#read(leave.signal);
      return;
    }
    // Given up while it waits for the lock: another tab reads then, or nobody has to.
    locks.request(this.#parts.name, { signal: leave.signal }, () => this.#read(leave.signal)).catch(() => undefined);
  }

  /** Takes part no longer: another tab reads on. */
  leave(): void {
    this.#leave?.abort();
    this.#leave = undefined;
  }

  /** Ends for good. */
  end(): void {
    this.leave();
    this.#parts.channel.close();
  }

  // Reads until the tab leaves; a stream that is lost is opened again after a pause.
  async #read(left: AbortSignal): Promise<void> {
    while (!left.aborted) {
      await new Promise<void>((resolve) => {
        const close = this.#parts.open(this.#lastId, (message) => this.#pass(message), resolve);
        left.addEventListener('abort', () => { close(); resolve(); }, { once: true });
      });
      if (!left.aborted) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #pass(message: StreamMessage): void {
    this.#parts.channel.postMessage(message);
    this.#took(message);
  }

  #took(message: StreamMessage): void {
    if (message.id) this.#lastId = message.id;
    this.#parts.take(message);
  }
}
