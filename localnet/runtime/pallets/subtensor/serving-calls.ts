import { Bytes, U8, U16, U32, U128 } from "../../../types/primitives.ts";
import { call, weight } from "../../dsl/calls.ts";
import { ensureSigned } from "../../dsl/context.ts";
import { serveAxon, servePrometheus } from "./serve.ts";
import { NetUid } from "./subtensor-types.ts";

const axon = {
  netuid: NetUid,
  version: U32,
  ip: U128,
  port: U16,
  ip_type: U8,
  protocol: U8,
  placeholder1: U8,
  placeholder2: U8,
};

/** Where hotkeys say they can be reached. Free of charge. */
export const servingCalls = {
  serve_axon: call({
    index: 4,
    args: axon,
    weight: weight(206_278_000n, 4_178n),
    pays: "No",
    run(c, args) {
      serveAxon(c, ensureSigned(c.origin), args);
    },
  }),
  serve_axon_tls: call({
    index: 40,
    args: { ...axon, certificate: Bytes },
    weight: weight(205_617_000n, 4_149n),
    pays: "No",
    run(c, { certificate, ...args }) {
      serveAxon(c, ensureSigned(c.origin), args, certificate);
    },
  }),
  serve_prometheus: call({
    index: 5,
    args: { netuid: NetUid, version: U32, ip: U128, port: U16, ip_type: U8 },
    weight: weight(204_294_000n, 4_277n),
    pays: "No",
    run(c, args) {
      servePrometheus(c, ensureSigned(c.origin), args);
    },
  }),
};
