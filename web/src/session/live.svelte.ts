// What the server tells by itself: figures of now, and what has changed. Screens look at `live`, and are loaded again by topic.
import type { components, paths } from '../api/schema';
import { session } from './session.svelte';
import { SharedStream, type StreamMessage } from './stream';

type Schemas = components['schemas'];
export type LiveFigures = Schemas['LiveFigures'];
export type Topic = Schemas['Topic'];

const PATH: keyof paths = '/v1/stream';
const EVENTS = ['live', 'account', 'change', 'resync', 'end'];
/** Between two changes of a topic that are told, as one step may change very many things. */
const PAUSE_MS = 2_000;
/** Seconds of figures that are kept for charts. */
const KEPT = 300;

class Live {
  /** The figures of the house by second, the latest last; for admins. */
  house = $state.raw<readonly LiveFigures[]>([]);
  /** The figures of the own account; for others. */
  account = $state.raw<Schemas['AccountFigures'] | undefined>();
  /** How often something of each topic has changed. Reading it makes a resource load again. */
  changes = $state<Partial<Record<Topic, number>>>({});
  /** Topics that have been told a moment ago, and whether they have changed again since. */
  #told = new Map<Topic, boolean>();

  /** Follows the stream of a user for as long as the tab is seen. What is returned ends it. */
  follow(user: string): () => void {
    const name = `tollgate-stream-${user}`;
    const stream = new SharedStream({
      name,
      locks: navigator.locks as LockManager | undefined,
      channel: new BroadcastChannel(name),
      take: (message) => this.#take(message),
      open,
    });
    const look = () => (document.visibilityState === 'visible' ? stream.enter() : stream.leave());
    document.addEventListener('visibilitychange', look);
    look();
    return () => {
      document.removeEventListener('visibilitychange', look);
      stream.end();
      this.house = [];
      this.account = undefined;
    };
  }

  // Tells of a change at once, and of all that come in the moment after it together.
  #tell(topic: Topic): void {
    if (this.#told.has(topic)) {
      this.#told.set(topic, true);
      return;
    }
    this.changes[topic] = (this.changes[topic] ?? 0) + 1;
    this.#told.set(topic, false);
    setTimeout(() => {
      const again = this.#told.get(topic);
      this.#told.delete(topic);
      if (again) this.#tell(topic);
    }, PAUSE_MS);
  }

  #take({ event, data }: StreamMessage): void {
    if (event === 'live') this.house = [...this.house.slice(1 - KEPT), data as LiveFigures];
    else if (event === 'account') this.account = data as Schemas['AccountFigures'];
    else if (event === 'change') {
      this.#tell((data as Schemas['StreamChange']).topic);
    } else if (event === 'resync') session.epoch += 1;
    else if (event === 'end' && (data as Schemas['StreamEnd']).reason === 'session_over') session.expired = true;
  }
}

// The cookie may be another user's by now, whose events are not for the tabs of this one.
function open(lastId: string | undefined, take: (message: StreamMessage) => void, lost: () => void): () => void {
  let close: (() => void) | undefined;
  let over = false;
  void session.isOwn().then((own) => {
    if (over) return;
    if (own) close = read(lastId, take, lost);
    else lost();
  });
  return () => {
    over = true;
    close?.();
  };
}

function read(lastId: string | undefined, take: (message: StreamMessage) => void, lost: () => void): () => void {
  const source = new EventSource(lastId ? `${PATH}?last_event_id=${encodeURIComponent(lastId)}` : PATH);
  for (const event of EVENTS) {
    source.addEventListener(event, (message) => {
      const { data, lastEventId } = message as MessageEvent<string>;
      take({ event, data: JSON.parse(data) as unknown, id: lastEventId });
    });
  }
  // The browser would try again by itself with the address of the first try; the next one begins where this has stopped.
  source.addEventListener('error', () => {
    source.close();
    lost();
  });
  return () => source.close();
}

export const live = new Live();
