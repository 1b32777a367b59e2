import { bytesToHex } from "../../types/hex.ts";
import type { FaultBoard } from "../faults/fault-board.ts";
import { poolRefusal } from "../faults/pool-refusal.ts";
import { bytesParam, connectionOf } from "./params.ts";
import type { RpcMethods } from "./rpc.ts";

export const authorMethods: RpcMethods = {
  author_submitExtrinsic: ([extrinsic], { node, faults }) => {
    const bytes = bytesParam(extrinsic, "extrinsic");
    refuseByFault(faults, bytes);
    return node.submit(bytes);
  },
  author_submitAndWatchExtrinsic: ([extrinsic], context) => {
    const bytes = bytesParam(extrinsic, "extrinsic");
    refuseByFault(context.faults, bytes);
    const { node } = context;
    return connectionOf(context).subscribe("author_extrinsicUpdate", (notify) => {
      const hash = node.submit(bytes, notify);
      return () => node.unwatch(hash, notify);
    });
  },
  author_unwatchExtrinsic: ([id], context) => connectionOf(context).unsubscribe(id),
  author_pendingExtrinsics: (_, { node }) => node.pool.all().map(({ bytes }) => bytesToHex(bytes)),
  author_hasKey: () => false,
};

function refuseByFault(faults: FaultBoard, extrinsic: Uint8Array): void {
  const fault = faults.strike("pool");
  if (fault !== undefined) throw poolRefusal(fault, extrinsic);
}
