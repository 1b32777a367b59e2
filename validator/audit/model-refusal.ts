/** What is wrong with a committed model, in words that a template may pay by. */
export type ModelFault = "too-large" | "bad-address" | "not-served" | "wrong-hash" | "hostile" | "failed";

/** Nobody was reached, or not in time. Once, it may be our own network. */
export class Unreached extends Error {}

/** The model, or whoever hands it out, is at fault. Anything else that is thrown says nothing about the miner. */
export class ModelRefusal extends Error {
  readonly fault: ModelFault;

  constructor(fault: ModelFault, detail: string) {
    super(`${fault}: ${detail}`);
    this.fault = fault;
  }
}
