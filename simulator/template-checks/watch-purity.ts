/** What a pure function has no use for: its name, where it hangs, and what is put there meanwhile. */
const IMPURE = [
  { what: "Math.random", on: Math as object, key: "random" },
  { what: "Date.now", on: Date as object, key: "now" },
  { what: "performance.now", on: performance as object, key: "now" },
  { what: "crypto.randomUUID", on: globalThis.crypto as object, key: "randomUUID" },
  { what: "crypto.getRandomValues", on: globalThis.crypto as object, key: "getRandomValues" },
  { what: "fetch", on: globalThis as object, key: "fetch" },
  { what: "setTimeout", on: globalThis as object, key: "setTimeout" },
] as const;

/**
 * Runs a synchronous function and says which clock, randomness or network it reached for. It gets what it asks for; other
 * code of this process cannot run meanwhile.
 *
 * @returns Names such as `Math.random` or `new Date`, each once. Imports of node:crypto are not seen.
 */
export function watchPurity<Result>(run: () => Result): { result: Result; reached: string[] } {
  const reached = new Set<string>();
  const restore = IMPURE.map(({ what, on, key }) => {
    const before = Object.getOwnPropertyDescriptor(on, key);
    const original = Reflect.get(on, key) as (...args: unknown[]) => unknown;
    const watched = (...args: unknown[]) => {
      reached.add(what);
      return Reflect.apply(original, on, args);
    };
    Object.defineProperty(on, key, { value: watched, configurable: true, writable: true });
    return () => (before ? Object.defineProperty(on, key, before) : Reflect.deleteProperty(on, key));
  });
  const RealDate = globalThis.Date;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[]) => {
      if (args.length === 0) reached.add("new Date");
      return Reflect.construct(target, args) as object;
    },
    apply: () => {
      reached.add("Date");
      return RealDate();
    },
  });
  try {
    return { result: run(), reached: [...reached] };
  } finally {
    globalThis.Date = RealDate;
    for (const undo of restore) undo();
  }
}
