import { describe, expect, onTestFinished, test } from "vitest";
import { DEFAULT_CUDA } from "../../miner/inference/device.ts";
import { GraphRunner } from "../../miner/inference/graph-runner.ts";
import { silentLogger } from "../../shared/logger.ts";
import { randomFrom } from "../../shared/rules/beacon.ts";
import { type Tensors, tensor } from "../../shared/tensor.ts";
import { newState } from "../../subnets/training-proof/graph/initial-state.ts";
import { intervalGraph } from "../../subnets/training-proof/graph/interval-graph.ts";
import { type Network, parametersIn } from "../../subnets/training-proof/graph/network.ts";
import { toTrained } from "../../subnets/training-proof/graph/trained.ts";
import { hashOfState } from "../../subnets/training-proof/proofs.ts";
import { distanceOf } from "../../subnets/training-proof/protocol/distance.ts";
import { examine } from "./check-gpu.ts";
import { gpuEnvironment } from "./gpu-environment.ts";
import { gpuFolder } from "./gpu-folder.ts";

/* Training steps on a card against the same on the CPU. What needs no card is in subnets/training-proof/graph. */

const gpuDir = process.env.SUBFORGE_GPU_DIR;
const found = await examine(gpuFolder({ gpuDir }), new AbortController().signal);
const reason = found.problems.map(({ what }) => what).join("; ");

const STEPS = 10;
const TRAINING = { batch: 64, momentum: 0.875, weightDecay: 0.0009765625 };
const NETWORKS: Omit<Network, "mode">[] = [
  { family: "mlp", dims: [64, 128, 128, 10], ...TRAINING },
  { family: "mlp", dims: [784, 256, 10], ...TRAINING }, // sums that are split into blocks
  { family: "cnn", dims: [64, 8, 16, 10], ...TRAINING },
  { family: "tiny-transformer", dims: [16, 32, 32, 4, 5], ...TRAINING },
];
/** Of the distance between two trainings, the part that another order of sums may take: what `delta` is by default. */
const DELTA = 1e-5;

function minibatches({ dims, batch }: Omit<Network, "mode">): Tensors {
  const random = randomFrom(new Uint8Array(32).fill(5));
  const [width, classes] = [dims[0]!, dims.at(-1)!];
  const y = new Float32Array(STEPS * batch * classes);
  for (let row = 0; row < STEPS * batch; row++) y[row * classes + Math.floor(random.uniform() * classes)] = 1;
  const x = Float32Array.from({ length: STEPS * batch * width }, () => 8 * random.uniform() - 4);
  return {
    X: tensor("float32", [STEPS, batch, width], x),
    Y: tensor("float32", [STEPS, batch, classes], y),
    LR: tensor("float32", [STEPS, 1], new Float32Array(STEPS).fill(0.0625)),
  };
}

async function open(device: "cpu" | "cuda", tf32 = false): Promise<GraphRunner> {
  const environment = await gpuEnvironment({ gpuDir, tf32 });
  const runner = new GraphRunner(
    { device, cuda: DEFAULT_CUDA, environment, loadTimeoutMs: 300_000 },
    silentLogger,
  );
  onTestFinished(() => runner.close());
  return runner;
}

async function train(runner: GraphRunner, network: Network) {
  const state = newState(network, new Uint8Array(32).fill(6));
  return toTrained(await runner.run(intervalGraph(network), { ...state, ...minibatches(network) })).state;
}

describe.skipIf(!found.ready)(
  found.ready ? "a training interval on CUDA" : `no CUDA device: ${reason}`,
  { timeout: 600_000 },
  () => {
    test.each(NETWORKS)(
      "of $family $dims on grids has the bits of the CPU, with TF32 and without",
      async (of) => {
        const network: Network = { ...of, mode: "grid" };
        const expected = hashOfState(await train(await open("cpu"), network));
        for (const tf32 of [false, true]) {
          expect(hashOfState(await train(await open("cuda", tf32), network))).toBe(expected);
        }
      },
    );

    test.each(NETWORKS)("of $family $dims in fp32 is nearer to the CPU's than delta", async (of) => {
      const network: Network = { ...of, mode: "fp32" };
      const [onCpu, onCard] = [
        await train(await open("cpu"), network),
        await train(await open("cuda"), network),
      ];
      const other = newState(network, new Uint8Array(32).fill(7));
      const dRef = distanceOf(parametersIn(onCpu), parametersIn(other), 1).l2;
      const { normalized } = distanceOf(parametersIn(onCpu), parametersIn(onCard), dRef);
      process.stdout.write(`${of.family} ${of.dims}: reproduced on the card to ${normalized} of dRef\n`);
      expect(normalized).toBeLessThanOrEqual(DELTA);
    });
  },
);
