import { type Tensor, tensor } from "../../shared/tensor.ts";

/** L: values of the series that an inferer sees. */
export const WINDOW = 16;
/** F: of each step its value. */
export const STEP_FEATURES = 1;

/** Newest log10 losses of a peer that a forecaster sees. */
const LOSSES = 8;
/** Losses, their moving average, regret, its z-score, age, last deviation; twice how much the series moves. */
export const PEER_FEATURES = LOSSES + 7;

/** Ages count up to this one, in nonces: who is older is no different. */
const OLD = 64;

/** What a topic remembers of one inferer. Everybody may know it. */
export type PeerFacts = {
  /** Log10 losses, newest last. */
  losses: readonly number[];
  /** Their moving average; null before the first. */
  averageLoss: number | null;
  /** F8; null before the first. */
  regret: number | null;
  /** Nonces with a loss of it. */
  seen: number;
  /** Its last value minus the median of that nonce, in median deviations; 0: none yet. */
  deviation: number;
};

/**
 * What an inferer sees: the newest values that are known.
 *
 * @param series - Oldest first. Shorter than `WINDOW`: its first value stands for what was before; empty: 0.
 * @returns float32 [1, WINDOW, STEP_FEATURES]
 */
export function seriesFeatures(series: readonly number[]): Tensor<"float32"> {
  const known = series.slice(-WINDOW);
  const before = WINDOW - known.length;
  return tensor(
    "float32",
    [1, WINDOW, STEP_FEATURES],
    Float32Array.from({ length: WINDOW }, (_, t) => known[Math.max(0, t - before)] ?? 0),
  );
}

/**
 * What a forecaster sees: a row for each peer.
 *
 * @param networkLoss - Log10 loss of the last combined value: losses are told relative to it, so that a topic in cents is
 * like one in thousands.
 * @returns float32 [1, peers, PEER_FEATURES]
 */
export function peerFeatures(
  peers: readonly PeerFacts[],
  series: readonly number[],
  networkLoss: number,
): Tensor<"float32"> {
  const regrets = toZ(peers.map(({ regret }) => regret ?? 0));
  const moves = movesOf(series.slice(-WINDOW));
  const rows = peers.flatMap(({ losses, averageLoss, regret, seen, deviation }, at) => {
    const known = losses.slice(-LOSSES).map((loss) => clip(loss - networkLoss));
    const unknown = new Array<number>(LOSSES - known.length).fill(0);
    return [
      ...unknown,
      ...known,
      averageLoss === null ? 0 : clip(averageLoss - networkLoss),
      clip(regret ?? 0),
      clip(regrets[at]!),
      Math.min(seen, OLD) / OLD,
      clip(deviation),
      ...moves,
    ];
  });
  return tensor("float32", [1, peers.length, PEER_FEATURES], Float32Array.from(rows));
}

/** Distances from the mean in deviations (Bessel); all 0 where there is none. */
export function toZ(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const unit = Math.sqrt(squares / Math.max(1, values.length - 1));
  return values.map((value) => (unit > 1e-9 ? (value - mean) / unit : 0));
}

/** The last move and the one before, in deviations of the window: does the series wander or swing? */
function movesOf(window: readonly number[]): [number, number] {
  const z = toZ(window);
  const move = (back: number) => (z.at(-back) ?? 0) - (z.at(-back - 1) ?? z.at(-back) ?? 0);
  return [clip(move(1)), clip(move(2))];
}

function clip(value: number): number {
  return Math.max(-10, Math.min(10, value));
}
