import { formatAddress, isShown, planAnnouncement } from "../../miner/announce.ts";
import type { DeviceChoice } from "../../miner/inference/device.ts";
import { readModelFile } from "../../miner/inference/model-file.ts";
import type { ModelEntry } from "../../miner/inference/model-shelf.ts";
import { DEFAULT_POOL_OPTIONS, InferencePool } from "../../miner/inference/pool.ts";
import { DEFAULT_MODEL_NAME } from "../../miner/miner.ts";
import { probeAddress } from "../../miner/reachability.ts";
import { neuronByHotkey } from "../../shared/chain/metagraph.ts";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { systemClock } from "../../shared/clock.ts";
import { SubforgeError } from "../../shared/errors.ts";
import { type Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { silentLogger } from "../../shared/logger.ts";
import { checkAddress } from "../../shared/wire/address-policy.ts";
import type { WantedAddress } from "../commands/miner.ts";
import { checkDisk, checkPort } from "../doctor.ts";
import { type Finding, fromError, ok, printFindings } from "../finding.ts";
import { devKeypair, loadSigner, type WalletArgs } from "../load-signer.ts";
import { assertDevKeyAllowed, chainAt, isLocal } from "../networks.ts";
import { createOutput } from "../output.ts";
import { askAsValidator } from "./ask-as-validator.ts";
import { judgeClock, readTimeSources } from "./check-clock.ts";
import { describePorts } from "./describe-model.ts";
import { inferenceEnvironment } from "./inference-environment.ts";
import { toModelEntries } from "./model-entries.ts";
import { toAnnouncement } from "./to-announcement.ts";

/** The parsed flags of `subforge miner check`. */
export type CheckMinerArgs = WalletArgs & {
  json: boolean;
  network: string;
  netuid: number;
  model: readonly string[];
  device: DeviceChoice;
  gpuDir: string | undefined;
  threads: number;
  host: string;
  port: number;
  announce: WantedAddress | undefined;
  reachHelper: string | undefined;
  reach: boolean;
  asValidator: boolean;
  callerDevKey: string | undefined;
};

const CHAIN_TIMEOUT_MS = 5_000;
const SHORT_TIMEOUT_MS = 2_000;

/** Looks at everything a miner needs, one finding each, and changes nothing. */
export async function checkMiner(args: CheckMinerArgs): Promise<void> {
  const { endpoint } = chainAt(args.network);
  await keysReady();
  const signer = await loadSigner(args).catch((error: unknown) => fromError("wallet", error));
  const isOpen = !("state" in signer);
  const [models, port, clock, disk, chain] = await Promise.all([
    Promise.all(toModelEntries(args.model).map((model) => checkModel(model, args))),
    checkOwnPort(args),
    readTimeSources(endpoint).then((sources) => judgeClock(sources, Date.now())),
    checkDisk(),
    isOpen ? checkChain(args, signer) : undefined,
  ]);
  const wallet = isOpen ? ok("wallet", `opens: ${signer.address}`) : signer;
  const findings = [...models, wallet, ...(chain?.findings ?? []), port, clock, disk];
  const origin = chain?.origin ?? `http://127.0.0.1:${args.port}`;
  if (args.reach) findings.push(await checkReach(args));
  if (args.asValidator && isOpen) findings.push(await checkAnswer(args, signer, origin));
  printFindings(findings, createOutput(args));
}

/** In a child, where it was asked: native code that cannot be loaded may end its process. */
async function checkModel({ name, path }: ModelEntry, args: CheckMinerArgs): Promise<Finding> {
  const { device, threads } = args;
  const what = name === DEFAULT_MODEL_NAME ? "model" : `model ${name}`;
  try {
    const { info } = await readModelFile(path);
    const environment = await inferenceEnvironment(args);
    const startMs = performance.now();
    const pool = await InferencePool.start(
      { ...DEFAULT_POOL_OPTIONS, modelPath: path, device, threads, environment },
      { logger: silentLogger, clock: systemClock },
    );
    const ms = Math.round(performance.now() - startMs);
    const found = pool.device ?? device;
    await pool.close();
    const fact = `loads and answers on ${found} after ${ms} ms: ${describePorts(info)}`;
    if (device === "auto" && found === "cpu") {
      return {
        what,
        state: "warn",
        fact,
        next: "CUDA was not found; subforge gpu check says what is missing",
      };
    }
    return ok(what, fact);
  } catch (error) {
    return fromError(what, error);
  }
}

/** A port in use is well when the miner itself is there. */
async function checkOwnPort({ port, host }: CheckMinerArgs): Promise<Finding> {
  const finding = await checkPort("port", port);
  if (finding.state === "ok") return finding;
  const ip = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const { verdict } = await probeAddress({ ip, port }, { ownAddresses: [ip], timeoutMs: SHORT_TIMEOUT_MS });
  return verdict === "reached" ? ok("port", `${port}: a miner answers there`) : finding;
}

type ChainFacts = { findings: Finding[]; origin: string | undefined };

/** Registration, who may call, and what the chain shows against what is wanted. */
async function checkChain(args: CheckMinerArgs, signer: Keypair): Promise<ChainFacts> {
  const { netuid, port } = args;
  const at = chainAt(args.network);
  const findings: Finding[] = [];
  try {
    const chain = await openSubstrateChain({ ...at, timeoutMs: CHAIN_TIMEOUT_MS }, silentLogger);
    try {
      for (const devKey of [args.devKey, args.callerDevKey]) {
        if (devKey !== undefined) assertDevKeyAllowed(chain.identity.genesis, ...at.endpoint);
      }
      const [metagraph, info] = await Promise.all([chain.metagraph(netuid), chain.subnetInfo(netuid)]);
      findings.push(ok("chain", `${chain.identity.name} at block ${metagraph.block}`));
      const self = neuronByHotkey(metagraph, signer.address);
      if (!self) throw new SubforgeError("MINER_NOT_REGISTERED", { hotkey: signer.address, netuid });
      findings.push(ok("registration", `uid ${self.uid} of netuid ${netuid}`));
      const permitted = metagraph.neurons.filter(({ validatorPermit }) => validatorPermit).length;
      findings.push(
        permitted > 0
          ? ok("validators", `${permitted} with a permit may call`)
          : {
              ...{ what: "validators", state: "warn", fact: "nobody has a permit yet" },
              next: "permits are given at the end of an epoch; until then validators are refused",
            },
      );
      const { axon } = self;
      const wanted =
        args.announce &&
        (await toAnnouncement({ announce: args.announce, port, reachHelper: args.reachHelper }));
      const limit = Number(info.hyperparameters.serving_rate_limit);
      findings.push(
        describeAddress(axon && formatAddress(axon), wanted, () =>
          planAnnouncement(wanted!, axon, metagraph.block, limit),
        ),
      );
      if (!axon) return { findings, origin: undefined };
      if (wanted && !isShown(axon, wanted)) return { findings, origin: undefined };
      const address = checkAddress(axon.ip, axon.port, { allowPrivate: at.endpoint.every(isLocal) });
      return { findings, origin: address.ok ? address.origin : undefined };
    } finally {
      await chain.close();
    }
  } catch (error) {
    const what = findings.length === 0 ? "chain" : findings.length === 1 ? "registration" : "address";
    return { findings: [...findings, fromError(what, error)], origin: undefined };
  }
}

/** What the chain shows, what is wanted, and when that may be changed. */
function describeAddress(
  shown: string | undefined,
  wanted: { ip: string; port: number } | undefined,
  plan: () => ReturnType<typeof planAnnouncement>,
): Finding {
  const what = "address";
  const fact = `the chain shows ${shown ?? "none"}`;
  if (!wanted) {
    if (shown !== undefined) return ok(what, fact);
    return {
      what,
      state: "warn",
      fact,
      next: "validators find no miner without one: subforge miner publish",
    };
  }
  const planned = plan();
  if (planned.kind === "shown") return ok(what, fact);
  const when =
    planned.kind === "later" ? ` from block ${planned.from} on, in ${planned.blocksLeft} blocks` : " now";
  const next = `subforge miner publish is possible${when}`;
  return { what, state: "warn", fact: `${fact}, not ${formatAddress(wanted)}`, next };
}

async function checkReach({ announce, port, reachHelper: helper }: CheckMinerArgs): Promise<Finding> {
  const what = "reach";
  try {
    const address = await toAnnouncement({ announce: announce ?? "auto", port, reachHelper: helper });
    const { verdict, fact, next } = await probeAddress(address, { helper });
    const state = verdict === "reached" ? "ok" : verdict === "unreachable" ? "missing" : "warn";
    return { what, state, fact, ...(next !== undefined && { next }) };
  } catch (error) {
    return fromError(what, error);
  }
}

/** The whole way of a question, through the address that validators use when the chain shows one. */
async function checkAnswer(args: CheckMinerArgs, signer: Keypair, origin: string): Promise<Finding> {
  const what = "as validator";
  try {
    const caller = args.callerDevKey === undefined ? signer : devKeypair(args.callerDevKey);
    const who = caller === signer ? "the miner's own hotkey, which it always welcomes" : caller.address;
    const answer = await askAsValidator(origin, {
      model: toModelEntries(args.model)[0]!.name,
      miner: signer.address,
      caller,
    });
    const ms = `${answer.latencyMs.toFixed(1)} ms`;
    const asked = `POST ${origin}${answer.target} as ${who}`;
    if (answer.status === 200) {
      return ok(what, `a signed answer, verified, in ${ms}: ${answer.outputs.join(", ")}; ${asked}`);
    }
    const fact = `a signed answer, verified, in ${ms}: this model takes no row of zeros; ${asked}`;
    return { what, state: "warn", fact, next: "ask it a question of its own" };
  } catch (error) {
    return fromError(what, error);
  }
}
