/** How much of something may go on at the same time, in all and for each key. */
export class Room {
  readonly #total: number;
  readonly #perKey: number;
  readonly #inside = new Map<string, number>();
  #taken = 0;

  constructor(limits: { total: number; perKey: number }) {
    this.#total = limits.total;
    this.#perKey = limits.perKey;
  }

  /** What goes on now. */
  get taken(): number {
    return this.#taken;
  }

  /** Keys with anything going on. */
  get keys(): number {
    return this.#inside.size;
  }

  has(key: string): boolean {
    return this.#taken < this.#total && (this.#inside.get(key) ?? 0) < this.#perKey;
  }

  /** @returns false when there is no room: then nothing is taken. */
  enter(key: string): boolean {
    if (!this.has(key)) return false;
    this.#taken += 1;
    this.#inside.set(key, (this.#inside.get(key) ?? 0) + 1);
    return true;
  }

  /** Once for each `enter` that was true. */
  leave(key: string): void {
    this.#taken -= 1;
    const left = this.#inside.get(key)! - 1;
    if (left > 0) this.#inside.set(key, left);
    else this.#inside.delete(key);
  }
}
