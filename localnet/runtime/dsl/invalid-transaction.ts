/** Why a transaction cannot be in a block, in the words of the runtime. `Custom` numbers are the chain's own. */
export type Invalidity =
  | "Call"
  | "Payment"
  | "Future"
  | "Stale"
  | "BadProof"
  | "AncientBirthBlock"
  | "ExhaustsResources"
  | "BadSigner"
  | "CannotLookup"
  | { custom: number };

/** Thrown by the checks before a transaction is accepted: it enters neither the pool nor a block, and pays nothing. */
export class InvalidTransaction extends Error {
  readonly invalidity: Invalidity;

  constructor(invalidity: Invalidity) {
    super(typeof invalidity === "string" ? invalidity : `Custom(${invalidity.custom})`);
    this.invalidity = invalidity;
  }
}
