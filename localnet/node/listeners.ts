/** Who wants to know. A listener that throws is the caller's bug and reaches whoever emits. */
export class Listeners<T> {
  readonly #all = new Set<(value: T) => void>();

  get size(): number {
    return this.#all.size;
  }

  /** @returns how to stop */
  add(listener: (value: T) => void): () => void {
    this.#all.add(listener);
    return () => this.remove(listener);
  }

  remove(listener: (value: T) => void): void {
    this.#all.delete(listener);
  }

  emit(value: T): void {
    for (const listener of [...this.#all]) listener(value);
  }
}
