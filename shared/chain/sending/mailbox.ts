/** News from several sources, taken one after the other by whoever waits for them. */
export class Mailbox<T> {
  readonly #news: T[] = [];
  #wake = (): void => {};

  put(news: T): void {
    this.#news.push(news);
    this.#wake();
  }

  /** @returns undefined when nothing came in time. */
  async take(timeoutMs: number): Promise<T | undefined> {
    if (this.#news.length === 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, Math.max(0, timeoutMs));
      });
      clearTimeout(timer);
    }
    return this.#news.shift();
  }
}
