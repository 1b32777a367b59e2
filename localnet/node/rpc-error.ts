import type { Invalidity } from "../runtime/dsl/invalid-transaction.ts";

/** An error as JSON-RPC answers it. Codes and texts are Substrate's: clients match on both. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: string | undefined;

  constructor(code: number, message: string, data?: string) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export function invalidParams(problem: string): RpcError {
  return new RpcError(-32602, "Invalid params", problem);
}

/** A state or block that is not here, or a runtime call that went wrong. */
export function clientError(problem: string): RpcError {
  return new RpcError(4003, `Client error: ${problem}`);
}

const INVALID_DATA = {
  Call: "Transaction call is not expected",
  Payment: "Inability to pay some fees (e.g. account balance too low)",
  Future: "Transaction will be valid in the future",
  Stale: "Transaction is outdated",
  BadProof: "Transaction has a bad signature",
  AncientBirthBlock: "Transaction has an ancient birth block",
  ExhaustsResources: "Transaction would exhaust the block limits",
  BadSigner: "Invalid signing address",
} as const;

/** What `author_submit*` answers. */
export const poolError = {
  verification: (problem: string) => new RpcError(1002, `Verification Error: ${problem}`),
  invalid(invalidity: Invalidity): RpcError {
    if (typeof invalidity === "object")
      return new RpcError(1010, "Invalid Transaction", `Custom error: ${invalidity.custom}`);
    if (invalidity === "CannotLookup") return unknownValidity;
    return new RpcError(1010, "Invalid Transaction", INVALID_DATA[invalidity]);
  },
  temporarilyBanned: () => new RpcError(1012, "Transaction is temporarily banned"),
  alreadyImported: (hash: string) => new RpcError(1013, "Transaction Already Imported", hash),
  tooLowPriority: (old: bigint, replacing: bigint) =>
    new RpcError(
      1014,
      `Priority is too low: (${old} vs ${replacing})`,
      "The transaction has too low priority to replace another transaction already in the pool.",
    ),
  immediatelyDropped: () =>
    new RpcError(1016, "Immediately Dropped", "The transaction couldn't enter the pool because of the limit"),
};

const unknownValidity = new RpcError(
  1011,
  "Unknown Transaction Validity",
  "Could not lookup information required to validate the transaction",
);
