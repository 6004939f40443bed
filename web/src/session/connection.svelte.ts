// How the connection to the server is: there, slow or lost.

const SLOW_AFTER_MS = 4_000;

class Connection {
  /** True from a request that got no answer until one that does. */
  isLost = $state(false);
  /** True while a request has waited for longer than is usual. */
  isSlow = $state(false);
  #slow = 0;

  /** Notes a request that begins. What is returned notes its end. */
  begin(): () => void {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#slow += 1;
      this.isSlow = true;
    }, SLOW_AFTER_MS);
    return () => {
      clearTimeout(timer);
      if (!late) return;
      this.#slow -= 1;
      this.isSlow = this.#slow > 0;
    };
  }

  reached(): void {
    this.isLost = false;
  }

  missed(): void {
    this.isLost = true;
  }
}

export const connection = new Connection();
