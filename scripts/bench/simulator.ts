import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChainEpoch, createChainEpoch } from "../../simulator/chain-epoch.ts";
import { noiseFrom } from "../../simulator/noise.ts";
import { CHAIN_DEFAULTS, parseScenario } from "../../simulator/scenario.ts";
import { simulate } from "../../simulator/simulate.ts";
import { type BenchCase, compareCosts, type Round } from "./bench-case.ts";
import { cpuMsOf } from "./cpu-time.ts";
import { findNumpy, runNumpy } from "./numpy-peer.ts";

const MINERS = 256;
const VALIDATORS = 64;
const ROUNDS = 5;
const EPOCHS = 1_000;
/** Each side some quarter of a second, so that a disturbance is as rare on both. Both end with the same matrix, and bonds forget. */
const NUMPY_EPOCHS = 304;
const OUR_EPOCHS = 3_040;
/** Different opinions that take turns, so that no epoch finds the answers of the one before. */
const MATRICES = 8;
/** The two must find the same, but for the order of additions. */
const TOLERANCE = 1e-9;
/** What the simulation may take without a peer beside it. */
const BOUND_SECONDS = 60;
/** The chain's own arithmetic, with the digits it has, may cost so much more. */
const FIXED_AT_MOST = 4;
/** Cost of a cell at one size over that at another. */
const LINEAR_WITHIN = 0.3;
/** Some milliseconds each, one size after the other: whatever disturbs the machine for longer hits both. */
const TURN_CELLS = 2e6;
const TURNS = 20;

type World = { stakes: number[]; matrices: Float64Array[]; miners: number };
type Found = { cpuMs: number; incentive: number[]; dividends: number[] };

/** The simulator's epoch against the same in numpy, its engines against each other, and its growth with the subnet. */
export async function benchSimulator(): Promise<{ cases: BenchCase[]; report: string[] }> {
  const python = await findNumpy();
  const peers = "absent" in python ? [] : await compareWithNumpy(drawWorld(VALIDATORS, MINERS), python.path);
  return {
    cases: [...peers, growth(), ...(await compareEngines())],
    report:
      "absent" in python
        ? [`Not compared with numpy: ${python.absent}. The bound in seconds stands in its place.`]
        : [],
  };
}

async function compareWithNumpy(world: World, python: string): Promise<BenchCase[]> {
  const folder = mkdtempSync(join(tmpdir(), "subforge-numpy-"));
  const path = join(folder, "world.bin");
  try {
    writeFileSync(path, Buffer.concat([Float64Array.from(world.stakes), ...world.matrices].map(toBytes)));
    const cases: BenchCase[] = [];
    for (const yuma3 of [false, true]) {
      const rounds: Round[] = [];
      playFloat(world, yuma3, OUR_EPOCHS); // the compiler needs some to see what is hot
      for (let round = 0; round < ROUNDS; round++) {
        const ours = playFloat(world, yuma3, OUR_EPOCHS);
        const peer = await playNumpy(python, path, world, yuma3);
        assertSame(ours, peer);
        rounds.push({ ours: ours.cpuMs, peer: peer.cpuMs });
      }
      const name = `an epoch of Yuma ${yuma3 ? 3 : 2}, float against numpy, ${MINERS} miners x ${VALIDATORS} validators`;
      cases.push(compareCosts(name, "ms CPU", 10, rounds));
    }
    return cases;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function playFloat(world: World, yuma3: boolean, epochs: number): Found {
  return openFloat(world, yuma3)(epochs);
}

/** One subnet, whose bonds are carried from one call to the next. */
function openFloat(world: World, yuma3: boolean): (epochs: number) => Found {
  const chain = createChainEpoch(
    { engine: "float", chain: { ...CHAIN_DEFAULTS, yuma3 } },
    world.stakes,
    world.miners,
  );
  const lastUpdate = new Float64Array(world.stakes.length).fill(1);
  const registeredAt = new Float64Array(world.miners);
  return (epochs) => {
    let outcome: ReturnType<ChainEpoch["run"]> | undefined;
    const cpuMs = cpuMsOf(() => {
      for (let epoch = 0; epoch < epochs; epoch++) {
        const rows = world.matrices[epoch % MATRICES]!;
        outcome = chain.run({ block: 2, rows, lastUpdate, registeredAt, recycled: [] });
      }
    });
    return {
      cpuMs: cpuMs / epochs,
      incentive: Array.from(outcome!.incentive),
      dividends: Array.from(outcome!.dividends),
    };
  };
}

function playNumpy(python: string, path: string, world: World, yuma3: boolean): Promise<Found> {
  const shape = [MATRICES, world.stakes.length, world.miners].map(String);
  return runNumpy(python, "simulator-numpy.py", [path, ...shape], { yuma3, epochs: NUMPY_EPOCHS });
}

function assertSame(ours: Found, peer: Found): void {
  for (const key of ["incentive", "dividends"] as const) {
    const isSame = ours[key].every((value, i) => Math.abs(value - peer[key][i]!) <= TOLERANCE);
    if (!isSame) throw new Error(`the two disagree about ${key}`);
  }
}

/** Per cell of the weights: the smallest subnet against the largest, whichever is dearer, in turns. */
function growth(): BenchCase {
  const turns = [drawWorld(16, 64), drawWorld(64, 1_024)].map((world) => {
    const cells = world.miners * world.stakes.length;
    const play = openFloat(world, true);
    return () => (play(Math.ceil(TURN_CELLS / cells)).cpuMs * 1e6) / cells;
  });
  const sums = () => {
    const spent = turns.map(() => 0);
    for (let i = 0; i < TURNS; i++)
      turns.forEach((turn, side) => {
        spent[side]! += turn() / TURNS;
      });
    return spent;
  };
  sums();
  const rounds = Array.from({ length: ROUNDS }, (): Round => {
    const spent = sums();
    return { ours: Math.max(...spent), peer: Math.min(...spent) };
  });
  return compareCosts("cost of a cell, 64 x 16 and 1,024 x 64", "ns CPU", 1 / (1 + LINEAR_WITHIN), rounds);
}

/** Whole runs: scores, opinions, commits, the chain's epoch and the records. */
async function compareEngines(): Promise<BenchCase[]> {
  const cost = async (engine: "float" | "fixed", epochs: number) => {
    const scenario = parseScenario({
      engine,
      epochs,
      miners: [{ name: "miners", count: MINERS, skill: { from: 1, to: 0.2 }, params: { noise: 0.05 } }],
      validators: [{ name: "validators", count: VALIDATORS, stake: 1, params: { noise: 0.1 } }],
      chain: { maxUids: MINERS + VALIDATORS },
      views: VALIDATORS,
    });
    const before = process.cpuUsage();
    await simulate(scenario);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000 / epochs;
  };
  await cost("float", 100);
  await cost("fixed", 50);
  const rounds: Round[] = [];
  const bounds: Round[] = [];
  for (let round = 0; round < 3; round++) {
    const float = await cost("float", EPOCHS);
    rounds.push({ ours: await cost("fixed", 200), peer: float });
    bounds.push({ ours: float, peer: BOUND_SECONDS });
  }
  return [
    compareCosts(
      "a simulated epoch, the chain's own arithmetic against float",
      "ms CPU",
      1 / FIXED_AT_MOST,
      rounds,
    ),
    compareCosts(`${EPOCHS} simulated epochs in float, against the bound`, "s CPU", 1, bounds),
  ];
}

/** Everybody has an own, noisy opinion of the same qualities. */
function drawWorld(validators: number, miners: number): World {
  const noise = noiseFrom(`bench ${validators} ${miners}`);
  const quality = Array.from({ length: miners }, () => Math.exp(0.5 * noise.normal()));
  const stakes = Array.from({ length: validators }, () => Math.exp(noise.normal()));
  const total = stakes.reduce((sum, stake) => sum + stake, 0);
  return {
    miners,
    stakes: stakes.map((stake) => stake / total),
    matrices: Array.from({ length: MATRICES }, () =>
      Float64Array.from(
        { length: validators * miners },
        (_, at) => quality[at % miners]! * Math.exp(0.1 * noise.normal()),
      ),
    ),
  };
}

function toBytes({ buffer, byteOffset, byteLength }: Float64Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
