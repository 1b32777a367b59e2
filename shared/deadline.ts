/**
 * What `work` gives, or the error of `overdue` when that takes longer. The work itself goes on: give it a signal too
 * where it can be stopped.
 */
export async function within<T>(work: Promise<T>, timeoutMs: number, overdue: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(overdue()), timeoutMs);
  });
  work.catch(() => undefined); // when the deadline wins, nobody looks at this one any more
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
