import { bytesToHex } from "../../types/hex.ts";
import { bytesParam, connectionOf } from "./params.ts";
import type { RpcMethods } from "./rpc.ts";

export const authorMethods: RpcMethods = {
  author_submitExtrinsic: ([extrinsic], { node }) => node.submit(bytesParam(extrinsic, "extrinsic")),
  author_submitAndWatchExtrinsic: ([extrinsic], context) => {
    const bytes = bytesParam(extrinsic, "extrinsic");
    return connectionOf(context).subscribe("author_extrinsicUpdate", (notify) => {
      let stopped = false;
      context.node.submit(bytes, (status) => {
        if (!stopped) notify(status);
      });
      return () => {
        stopped = true;
      };
    });
  },
  author_unwatchExtrinsic: ([id], context) => connectionOf(context).unsubscribe(id),
  author_pendingExtrinsics: (_, { node }) => node.pool.all().map(({ bytes }) => bytesToHex(bytes)),
  author_hasKey: () => false,
};
