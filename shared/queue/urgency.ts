/** What makes one job go before another. */
export type Urgency = {
  /** It ends an epoch that others only begin: a reveal, an audit. */
  later: boolean;
  /** How long somebody waits for it, ms. */
  leftMs: number;
};

/** Seconds left are told apart by powers of two up to 2^10: a few kinds keep Redis quick, and nobody starves for long. */
const KINDS = 12;

/**
 * Later stages before first ones, short deadlines first.
 *
 * @returns Priority as BullMQ has it: 1 goes first, 24 last.
 */
export function toPriority({ later, leftMs }: Urgency): number {
  const seconds = Math.max(1, leftMs / 1_000);
  const kind = Number.isFinite(seconds) ? Math.min(KINDS - 1, Math.ceil(Math.log2(seconds))) : KINDS - 1;
  return 1 + (later ? 0 : KINDS) + kind;
}
