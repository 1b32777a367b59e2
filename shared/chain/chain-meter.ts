import type { FailureKind } from "./link/rpc-socket.ts";

/**
 * Hears what the link to a chain goes through, to count it. `endpoint` is host and port: what follows in an address may
 * be an access key.
 */
export type ChainMeter = {
  /** One question to one endpoint ended. @param failure - `refused`: heard, and answered by an error. */
  asked(question: {
    endpoint: string;
    method: string;
    seconds: number;
    failure: FailureKind | "refused" | undefined;
  }): void;
  /** Another endpoint is the best one now. */
  switched(): void;
  /** A call was sent, and nobody knows what became of it. */
  outcomeUnknown(): void;
};

/** @example endpointName("wss://node.example/v1/secret") // "node.example" */
export function endpointName(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "unreadable";
}
