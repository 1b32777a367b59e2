/** What one view made of an epoch, by index of the miner: zeros for those who are not there. */
export type ViewScores = {
  raw: Float64Array;
  /** Shares of the weight, before a validator puts them on chain. They sum to 1, or are all 0. */
  shares: Float64Array;
};

/** Scores the miners that are registered, epoch after epoch, in as many independent views as the scenario has. */
export type Scorer = {
  /** @param block - First block of the epoch. */
  score(epoch: number, block: number): Promise<readonly ViewScores[]>;
};
