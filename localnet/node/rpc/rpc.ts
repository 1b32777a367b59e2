import type { BlockAuthor } from "../block-author.ts";
import type { ChainNode } from "../chain-node.ts";
import type { ChainStates } from "../chain-states.ts";
import type { FaultBoard } from "../faults/fault-board.ts";

/** What one subscription does: starts telling, and returns how to stop. */
export type Subscriber = (notify: (result: unknown) => void) => () => void;

/** The client's side of a WebSocket: what methods that subscribe need of it. */
export type Connection = {
  /** @param event - Method name of the notifications. @returns the id; notifications follow the answer with it */
  subscribe(event: string, subscriber: Subscriber): string;
  /** @returns whether there was such a subscription */
  unsubscribe(id: unknown): boolean;
};

/** What a method runs in. Over HTTP there is no connection, so nothing can be subscribed. */
export type RpcContext = {
  node: ChainNode;
  author: BlockAuthor;
  faults: FaultBoard;
  states: Pick<ChainStates, "dump" | "load">;
  connection: Connection | undefined;
  /** Let the next block have this time, Unix milliseconds. */
  travelTo(unixMs: number): void;
};

/** Parameters are positional; trailing ones may be missing. @throws RpcError */
export type RpcMethod = (params: readonly unknown[], context: RpcContext) => unknown;
export type RpcMethods = Record<string, RpcMethod>;
