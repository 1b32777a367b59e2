const MAX_CHARS = 500;

/** What a template threw, for the log. Anything may be thrown, and even looking at it may throw. */
export function describeThrown(error: unknown): string {
  try {
    return String(error).slice(0, MAX_CHARS);
  } catch {
    return "something that cannot be printed";
  }
}
