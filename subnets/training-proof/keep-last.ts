/**
 * A function that remembers its last results: what follows from a job's seed is asked for again and again.
 *
 * @param key - Equal for inputs that give the same.
 */
export function keepLast<Input, Output>(
  entries: number,
  key: (input: Input) => string,
  make: (input: Input) => Output,
): (input: Input) => Output {
  const kept = new Map<string, Output>();
  return (input) => {
    const name = key(input);
    let value = kept.get(name);
    if (value === undefined) {
      value = make(input);
      kept.set(name, value);
      if (kept.size > entries) kept.delete(kept.keys().next().value!);
    }
    return value;
  };
}
