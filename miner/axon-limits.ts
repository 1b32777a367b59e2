/** What the axon spends on its callers, before and after they proved who they are. */
export type AxonLimits = {
  /** How long a body may take, from the last header to the last byte. */
  bodyTimeoutMs: number;
  headersTimeoutMs: number;
  maxConnections: number;
  /** Of `maxConnections`, kept for addresses where a welcome caller proved itself. */
  placesOfProven: number;
  maxConnectionsPerAddress: number;
  /** New connections of one address. */
  connectionsPerSecond: number;
  connectionBurst: number;
  /** New connections of all addresses where nobody proved anything yet. */
  strangersPerSecond: number;
  strangerBurst: number;
  /** Bodies of unproven callers held at the same time, until their signature is checked. */
  maxUnverifiedBodies: number;
  maxUnverifiedBodiesPerAddress: number;
  /** Their bytes together, by the length they claim. One body as large as a route allows fits in any case. */
  maxUnverifiedBytes: number;
  maxUnverifiedBytesPerAddress: number;
  /** Signatures that may wait for their turn. */
  maxWaitingSignatures: number;
  /** Signatures checked before whatever else waits in the serving loop has its turn. */
  signaturesPerTurn: number;
  /** Answers worked on at the same time. */
  maxAnswers: number;
  /** Of one verified hotkey. */
  callerPerSecond: number;
  callerBurst: number;
  /** Wrong signatures of one address. */
  failuresPerSecond: number;
  failureBurst: number;
};

export const DEFAULT_AXON_LIMITS: AxonLimits = {
  bodyTimeoutMs: 5_000,
  headersTimeoutMs: 5_000,
  maxConnections: 1_024,
  placesOfProven: 512,
  maxConnectionsPerAddress: 128,
  connectionsPerSecond: 50,
  connectionBurst: 500,
  strangersPerSecond: 250,
  strangerBurst: 250,
  maxUnverifiedBodies: 256,
  maxUnverifiedBodiesPerAddress: 64,
  maxUnverifiedBytes: 64 * 2 ** 20,
  maxUnverifiedBytesPerAddress: 32 * 2 ** 20,
  maxWaitingSignatures: 256,
  signaturesPerTurn: 16,
  maxAnswers: 256,
  callerPerSecond: 50,
  callerBurst: 200,
  failuresPerSecond: 5,
  failureBurst: 20,
};
