import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMiner } from "../../miner/miner.ts";
import type { Logger } from "../../shared/logger.ts";
import { writeOnnx } from "../../shared/onnx-writer.ts";
import type { Dtype } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { minerKeys } from "../dev/dev-subnet.ts";
import { startInteropChain } from "./interop-chain.ts";

/** Names of the models: each doubles its rows of two. */
export const FLOATS = "floats";
export const INTEGERS = "integers.v2";

/** A real miner on a real chain, with a validator who has a permit. */
export type InferenceWorld = {
  /** The public port. */
  url: string;
  /** The port of the operator's own programs. */
  localUrl: string;
  hotkey: Hotkey;
  /** Of this run alone. */
  folder: string;
  close(): Promise<void>;
};

export async function startInferenceWorld(deps: {
  logger: Logger;
  signal: AbortSignal;
}): Promise<InferenceWorld> {
  const folder = mkdtempSync(join(tmpdir(), "subforge-triton-"));
  const world = await startInteropChain(deps);
  const stopping = new AbortController();
  const close = async (stopped?: Promise<void>) => {
    stopping.abort();
    await stopped;
    await world.chain.close();
    await world.node.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await world.passEpoch(); // then the validator has its permit
    const signer = minerKeys(1).hotkey;
    const model = (name: string, dtype: Dtype) => {
      const path = join(folder, `${name}.onnx`);
      writeFileSync(path, doubler(dtype));
      return { name, path };
    };
    const miner = await startMiner(
      {
        ...{ netuid: world.netuid, port: 0, localPort: { port: 0 } },
        models: [model(FLOATS, "float32"), model(INTEGERS, "int64")],
      },
      {
        ...{ chain: world.chain, signer, template: { id: "interop", synapses: {} } },
        ...{ logger: deps.logger, signal: AbortSignal.any([stopping.signal, deps.signal]) },
      },
    );
    const { url, localUrl, stopped } = miner;
    return { url, localUrl: localUrl!, hotkey: signer.address, folder, close: () => close(stopped) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** y = x + x, row by row. */
function doubler(dtype: Dtype): Uint8Array {
  const port = (name: string) => ({ name, dtype, shape: ["rows", 2] });
  return writeOnnx({
    ...{ name: "double", inputs: [port("x")], outputs: [port("y")], constants: {} },
    nodes: [{ op: "Add", inputs: ["x", "x"], outputs: ["y"] }],
  });
}
