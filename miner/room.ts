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

  /** The sum of what goes on now. */
  get taken(): number {
    return this.#taken;
  }

  /** Keys with anything going on. */
  get keys(): number {
    return this.#inside.size;
  }

  has(key: string, amount = 1): boolean {
    return this.#taken + amount <= this.#total && (this.#inside.get(key) ?? 0) + amount <= this.#perKey;
  }

  /** @returns false when there is no room: then nothing is taken. */
  enter(key: string, amount = 1): boolean {
    if (!this.has(key, amount)) return false;
    this.#taken += amount;
    if (amount > 0) this.#inside.set(key, (this.#inside.get(key) ?? 0) + amount);
    return true;
  }

  /** Once for each `enter` that was true, with its amount. */
  leave(key: string, amount = 1): void {
    this.#taken -= amount;
    const left = (this.#inside.get(key) ?? 0) - amount;
    if (left > 0) this.#inside.set(key, left);
    else this.#inside.delete(key);
  }
}
