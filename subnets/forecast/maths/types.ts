/*
 * One nonce of a topic, in the order of time: openEpoch combines what was revealed, and closeEpoch, when the truth is
 * known, says who was right and who is paid. Between the two other nonces may open and close. All of it is plain JSON,
 * and a worker is known by its hotkey. Losses are log10 of a loss, regrets and scores are differences of them.
 */

/** What one inferer revealed. `registeredAt` decides who was first among equals. */
export type RevealedValue = { id: string; value: number; registeredAt: number };

/** What one forecaster revealed: the log10 loss it expects of each inferer it speaks of. */
export type RevealedForecast = {
  id: string;
  registeredAt: number;
  elements: { id: string; log10Loss: number }[];
};

/** Everything revealed for one nonce. */
export type Reveals = {
  nonce: number;
  values: readonly RevealedValue[];
  forecasts: readonly RevealedForecast[];
  /** What persistence says: the last truth that was known when the values were committed. Null: there is none yet. */
  baseline: number | null;
};

/**
 * An opened nonce: the values of every variant, to be held against the truth. Columns named after inferers and
 * forecasters are in the order of `inferers` and `forecasters`.
 */
export type OpenEpoch = {
  nonce: number;
  baseline: number | null;
  /** Those that take part, and what they said. Sorted by id. */
  inferers: { id: string; registeredAt: number; value: number }[];
  /** Those that speak of somebody present. `value` is what their forecast implies (F5). */
  forecasters: { id: string; registeredAt: number; value: number }[];
  /** Revealed the value of a member that was registered earlier, and take no part (F18). */
  duplicates: { id: string; of: string }[];
  /** Those for whom there was no room. */
  leftOut: string[];
  combined: number;
  /** Inferers only (F6). */
  naive: number;
  /** Without that inferer, with what forecasts imply without it. With one inferer: the naive value. */
  oneOutInferer: number[];
  /** Row: the inferer that is left out. Column: forecaster. Null: it speaks of nobody else. */
  impliedWithout: (number | null)[][];
  oneOutForecaster: number[];
  /** Inferers and that forecaster only. */
  oneIn: number[];
  /** F11. Published beside `combined`, and not paid for. */
  outlierResistant: number;
  /** Weighted percentiles 2.28, 15.87, 50, 84.13 and 97.72 of all values (F12). */
  band: [number, number, number, number, number];
  /** Shares in `combined`; each column with the other sums to 1. */
  infererWeights: number[];
  forecasterWeights: number[];
};

/** Log10 losses of one reputer for an opened nonce. Columns as in `OpenEpoch`. */
export type Losses = {
  combined: number;
  naive: number;
  inferers: number[];
  forecasters: number[];
  oneOutInferer: number[];
  impliedWithout: (number | null)[][];
  oneOutForecaster: number[];
  oneIn: number[];
};

/** What one reputer (validator) says of a nonce. `stake` in any unit, > 0. */
export type ReputerReport = { id: string; stake: number; losses: Losses };

/** What is known once the truth is: `reports` has one's own and those of other reputers, in any order. */
export type Verdict = {
  open: OpenEpoch;
  /** As oneself sees it: the next baseline, and what F19 holds workers against. */
  truth: number;
  reports: readonly ReputerReport[];
};

/** One worker of a topic, as it stands after the last nonce it took part in. */
export type Worker = {
  id: string;
  registeredAt: number;
  /** Nonces with a loss of it. */
  seen: number;
  lastNonce: number;
  /** F8, against the combined value; null while it has none. Inferers have one against the naive value, too. */
  regret: number | null;
  naiveRegret: number | null;
  /** Forecasters: against the value of the inferers and itself. */
  selfRegret: number | null;
  /** Its share in the combined value of `lastNonce`. */
  weight: number;
  /** F10, newest last, at most `history`; and their moving average (F20). */
  scores: number[];
  scoreAverage: number;
  /** Loss of persistence minus its own, newest last, at most `gateWindow` (F19). */
  skill: number[];
  /** Smoothed share within its class (F14). */
  share: number;
};

/** Regrets that hold without one worker, or with one only, by the position of workers in the topic's columns. */
export type RegretMatrix = (number | null)[][];

/** What a topic remembers from nonce to nonce. */
export type TopicState = {
  /** Nonces closed. */
  closed: number;
  inferers: Worker[];
  forecasters: Worker[];
  /**
   * Row: the worker that is left out, inferers then forecasters. Column: the worker whose regret it is, likewise.
   * Null: none yet.
   */
  oneOutRegrets: RegretMatrix;
  /** Row: the only forecaster. Column: inferer. */
  oneInRegrets: RegretMatrix;
  /** Log10 loss of the last combined value; 0 before the first. */
  networkLoss: number;
  /** What newcomers start from (F9). */
  initialRegret: number;
  /** F11: of the last nonce's inferences; null before the first. */
  median: number | null;
  mad: number | null;
  /** F15: moving ratio of what forecasters are good for. */
  scoreRatio: number;
  /** Newest truth that is known, for those who open the next nonce. */
  truth: { nonce: number; value: number } | null;
  /** Listening coefficient and smoothed share of each reputer. */
  reputers: { id: string; coefficient: number; share: number }[];
};

/** What a nonce says of one worker. */
export type WorkerReport = {
  id: string;
  loss: number;
  /** F8, after this nonce. */
  regret: number;
  /** F10. */
  score: number;
  /** F19: of the paired differences; and whether it may be paid. Of the plain map: always. */
  skillT: number;
  eligible: boolean;
  /** Of its class's part, sums to 1 over the eligible (F13, F20). */
  fraction: number;
  /** F17. Of both classes together the weights sum to 1 - `burnt`. */
  weight: number;
};

/** Everything computed for a nonce when its truth is known. Numbers as published; nothing in it is needed again. */
export type TopicReport = {
  nonce: number;
  truth: number;
  /** Over all reputers (F7). */
  losses: Losses;
  baselineLoss: number | null;
  inferers: WorkerReport[];
  forecasters: WorkerReport[];
  reputers: { id: string; score: number; coefficient: number; fraction: number; weight: number }[];
  entropy: { inferers: number; forecasters: number; reputers: number };
  utility: { taskScore: number; ratio: number; chi: number };
  gamma: number;
  /** F16: of everything, reputers included; sums to 1. */
  classShares: { inferers: number; forecasters: number; reputers: number };
  initialRegret: number;
  /** F19: weight that nobody has proven to deserve. */
  burnt: number;
};
