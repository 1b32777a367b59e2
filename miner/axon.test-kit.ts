import { connect } from "node:net";
import type { Clock } from "../shared/clock.ts";
import { systemClock } from "../shared/clock.ts";
import { type Logger, silentLogger } from "../shared/logger.ts";
import { isTensor, tensor } from "../shared/tensor.ts";
import { DEFAULT_WINDOW } from "../shared/wire/btauth.ts";
import type { VerifySr25519 } from "../shared/wire/protocol.ts";
import { ReplayStore } from "../shared/wire/replay-store.ts";
import { BadRequest } from "./answering.ts";
import { Axon, type AxonOptions, type AxonWork } from "./axon.ts";
import { type CallerPolicy, type CallerView, DEFAULT_CALLER_POLICY } from "./caller-policy.ts";
import { alice, bob, charlie, doublingTemplate } from "./miner.test-kit.ts";
import { templateRoutes } from "./template-routes.ts";

export type TestAxonOptions = Partial<AxonOptions> & {
  policy?: Partial<CallerPolicy>;
  template?: ReturnType<typeof doublingTemplate>["template"];
  routes?: AxonWork["routes"];
  store?: AxonWork["store"];
  verifySr25519?: VerifySr25519;
  logger?: Logger;
  clock?: Clock;
};

/** An axon behind a real port that doubles without a model: bob's, who knows alice with a permit and charlie without. */
export async function startTestAxon(options: TestAxonOptions = {}) {
  const { clock = systemClock, logger = silentLogger, verifySr25519, template } = options;
  let view: CallerView = {
    seenAtMs: clock.nowMs(),
    hotkeys: new Map([
      [alice().address, { stakeRao: 1_000n, validatorPermit: true }],
      [charlie().address, { stakeRao: 1_000n, validatorPermit: false }],
    ]),
  };
  const axon = await Axon.listen(
    { host: "127.0.0.1", port: 0, ...options },
    {
      ...{ signer: bob(), logger, clock },
      policy: { ...DEFAULT_CALLER_POLICY, ...options.policy },
      view: () => view,
      renewedView: async () => view,
      ...(verifySr25519 && { verifySr25519 }),
    },
  );
  axon.serve({
    routes: options.routes ?? doublingRoutes(template),
    store: options.store ?? openStore(clock.nowMs()),
    isReady: () => true,
  });
  return {
    axon,
    url: `http://127.0.0.1:${axon.port}`,
    port: axon.port,
    see: (newer: CallerView) => {
      view = newer;
    },
    view: () => view,
    stop: () => axon.drain(1_000),
  };
}

/** As a miner opens it, without the wait for those who listened before. */
export function openStore(nowMs: number): ReplayStore {
  const windows = { "btauth/1": DEFAULT_WINDOW };
  const startedNs = BigInt(nowMs - 60_000) * 1_000_000n;
  return new ReplayStore({ windows, claimDelayNs: 5_000_000_000n, startedNs });
}

function doublingRoutes({ id, synapses } = doublingTemplate().template) {
  return templateRoutes(
    { id, synapses },
    {
      async answer(name, message, caller, signal) {
        const synapse = synapses[name as "ask"];
        const request = parse(() => synapse.parseRequest(message));
        return synapse.answer(request, {
          ...{ hotkey: bob().address, caller, signal, memory: new Map() },
          infer: async ({ x }) => {
            if (!isTensor(x)) throw new Error("no tensor");
            return {
              y: tensor(
                "float32",
                [...x.shape],
                Float32Array.from(x.data as Float32Array, (v) => 2 * v),
              ),
            };
          },
        });
      },
    },
  );
}

function parse<Value>(parseRequest: () => Value): Value {
  try {
    return parseRequest();
  } catch (error) {
    throw new BadRequest("not a question", { cause: error });
  }
}

/** Writes raw bytes and reads until the other side closes. */
export function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.setEncoding("latin1").on("data", (part) => {
      text += part;
    });
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(text));
  });
}
