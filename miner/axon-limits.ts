/** What the axon spends on its callers, before and after they proved who they are. */
export type AxonLimits = {
  /** How long a body may take, from the last header to the last byte. */
  bodyTimeoutMs: number;
  headersTimeoutMs: number;
  maxConnections: number;
  maxConnectionsPerAddress: number;
  /** Bodies of unproven callers read at the same time. */
  maxUnverifiedBodies: number;
  /** Answers worked on at the same time. */
  maxAnswers: number;
  /** Of one verified hotkey. */
  callerPerSecond: number;
  callerBurst: number;
  /** Wrong signatures of one address. A check costs a quarter of a millisecond of the serving loop. */
  failuresPerSecond: number;
  failureBurst: number;
};

export const DEFAULT_AXON_LIMITS: AxonLimits = {
  bodyTimeoutMs: 5_000,
  headersTimeoutMs: 5_000,
  maxConnections: 1_024,
  maxConnectionsPerAddress: 128,
  maxUnverifiedBodies: 64,
  maxAnswers: 256,
  callerPerSecond: 50,
  callerBurst: 200,
  failuresPerSecond: 5,
  failureBurst: 20,
};
