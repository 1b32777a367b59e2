import { ApiPromise } from "@polkadot/api";
import { z } from "zod";
import { within } from "../../deadline.ts";
import { SubforgeError } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import type { Hex } from "../../types.ts";
import type { EndpointPool } from "../link/endpoint-pool.ts";
import { createMetagraphReader, type ReadMetagraph } from "../scale/metagraph-columns.ts";
import { createApiProvider } from "./api-provider.ts";
import { describeRuntime, quietRpc } from "./describe-runtime.ts";
import { findShapeProblems, METAGRAPH_API, type ShapeProblem } from "./runtime-shape.ts";

/** Runtimes kept besides the present one: for blocks made before the last upgrades. */
const KEEP = 2;

/** Newest form of metadata that is read, and the others, best first. The last is served by every chain. */
const METADATA_VERSIONS = [16, 15];

/** Extensions of Subtensor that carry nothing in the extrinsic. Registered, so that nobody has to guess. */
const EMPTY_EXTENSIONS = [
  "SudoTransactionExtension",
  "CheckShieldedTxValidity",
  "SubtensorTransactionExtension",
  "DrandPriority",
];

/** One version of the chain's rules: how its calls, its state and its answers are written. */
export type Runtime = {
  api: ApiPromise;
  specVersion: number;
  /** Calls and answers we use that this runtime writes in a way we do not know. */
  problems: readonly ShapeProblem[];
  /** @throws SubforgeError CHAIN_BAD_ANSWER, CHAIN_CALL_UNKNOWN */
  readMetagraph: ReadMetagraph;
};

const versionSchema = z.object({ specVersion: z.number().int().nonnegative() });
const hexSchema = z.string().regex(/^0x([0-9a-f]{2})*$/);

/**
 * The runtimes of a chain by version. An upgrade is noticed while connected: the new metadata is read, and what it
 * declares is compared with what we know, before anything is signed by it.
 */
export class Runtimes {
  readonly #pool: EndpointPool;
  readonly #timeoutMs: number;
  readonly #logger: Logger;
  readonly #known = new Map<number, Promise<Runtime>>();
  readonly #static = new Map<string, Promise<unknown>>();
  #present: Runtime | undefined;

  constructor(pool: EndpointPool, timeoutMs: number, logger: Logger) {
    this.#pool = pool;
    this.#timeoutMs = timeoutMs;
    this.#logger = logger;
  }

  /** The one that was in force when last looked. */
  get present(): Runtime {
    return this.#present!;
  }

  /** The one that is in force now. After an upgrade this takes a moment. */
  async now(): Promise<Runtime> {
    const specVersion = this.#pool.specVersion;
    if (this.#present && (specVersion === undefined || specVersion === this.#present.specVersion)) {
      return this.#present;
    }
    const runtime = await this.#load(undefined);
    if (this.#present && runtime !== this.#present) this.#onUpgrade(this.#present, runtime);
    this.#present = runtime;
    return runtime;
  }

  /** @throws SubforgeError CHAIN_WRITES_STOPPED while the runtime writes a call we use in a way we do not know */
  async forWriting(): Promise<Runtime> {
    const runtime = await this.now();
    const problems = runtime.problems.filter(({ kind }) => kind === "call");
    if (problems.length === 0) return runtime;
    throw new SubforgeError("CHAIN_WRITES_STOPPED", {
      specVersion: runtime.specVersion,
      problems: problems.map(({ what, problem }) => `${what}: ${problem}`),
    });
  }

  /** The one that made the block after this one, and wrote its events. */
  async after(parentHash: Hex): Promise<Runtime> {
    return this.#load(parentHash);
  }

  async close(): Promise<void> {
    for (const runtime of this.#known.values()) {
      const opened = await runtime.catch(() => undefined);
      await opened?.api.disconnect();
    }
  }

  async #load(at: Hex | undefined): Promise<Runtime> {
    const where = at === undefined ? [] : [at];
    const answer = await this.#pool.ask("state_getRuntimeVersion", where);
    const version = versionSchema.safeParse(answer);
    if (!version.success) throw bad("the runtime's version", "it has no specVersion");
    const { specVersion } = version.data;
    const before = this.#known.get(specVersion);
    if (before) return before;
    const opening = this.#open(specVersion, answer, where);
    this.#known.set(specVersion, opening);
    opening.catch(() => this.#known.delete(specVersion)); // tried again at the next question
    await this.#forgetOld(specVersion);
    return opening;
  }

  async #open(specVersion: number, version: unknown, where: readonly Hex[]): Promise<Runtime> {
    const { genesis } = this.#pool;
    const metadata = await this.#metadata(where);
    const ask = (method: string, params: readonly unknown[]) => this.#askOnce(method, params);
    quietRpc();
    const opening = ApiPromise.create({
      provider: createApiProvider(ask, { genesis, version }),
      metadata: { [`${genesis}-${specVersion}`]: metadata },
      signedExtensions: Object.fromEntries(
        EMPTY_EXTENSIONS.map((name) => [name, { extrinsic: {}, payload: {} }]),
      ),
      noInitWarn: true,
      throwOnConnect: true,
    });
    let api: ApiPromise;
    try {
      api = await within(opening, this.#timeoutMs, () => bad("the metadata", "it takes too long to read"));
    } catch (error) {
      if (error instanceof SubforgeError) throw error;
      throw bad("the metadata", error instanceof Error ? error.message : String(error));
    }
    const description = describeRuntime(api.registry);
    return {
      api,
      specVersion,
      problems: findShapeProblems(description),
      readMetagraph: lazily(() => {
        const output = description.apis.get(METAGRAPH_API);
        if (output !== undefined) return createMetagraphReader(description.table, output);
        throw new SubforgeError("CHAIN_CALL_UNKNOWN", {
          call: METAGRAPH_API,
          reason: "the runtime does not have it",
        });
      }),
    };
  }

  async #metadata(where: readonly Hex[]): Promise<Hex> {
    for (const version of METADATA_VERSIONS) {
      const wanted = `0x${version.toString(16).padStart(2, "0")}000000`;
      const answer = await this.#pool
        .ask("state_call", ["Metadata_metadata_at_version", wanted, ...where])
        .catch((error: unknown) => {
          if (error instanceof SubforgeError && error.code === "CHAIN_BAD_ANSWER") return undefined; // too old for it
          throw error;
        });
      const opaque = hexSchema.safeParse(answer);
      const inner = opaque.success ? unwrap(Buffer.from(opaque.data.slice(2), "hex")) : undefined;
      if (inner) return inner;
    }
    const plain = hexSchema.safeParse(await this.#pool.ask("state_getMetadata", where));
    if (plain.success) return plain.data as Hex;
    throw bad("the metadata", "it is no text of hexadecimal digits");
  }

  /** What never changes is asked once for all versions; state is never asked this way. */
  #askOnce(method: string, params: readonly unknown[]): Promise<unknown> {
    if (params.length > 0) return this.#pool.ask(method, params);
    const before = this.#static.get(method);
    if (before) return before;
    const answer = this.#pool.ask(method, params);
    this.#static.set(method, answer);
    answer.catch(() => this.#static.delete(method));
    return answer;
  }

  #onUpgrade(before: Runtime, after: Runtime): void {
    const problems = after.problems.map(({ what, problem }) => `${what}: ${problem}`);
    const facts = { from: before.specVersion, to: after.specVersion };
    if (problems.length === 0) this.#logger.info("chain.upgraded", facts);
    else this.#logger.error("chain.writes-stopped", { ...facts, problems });
  }

  async #forgetOld(present: number): Promise<void> {
    const old = [...this.#known.keys()].filter(
      (version) => version !== present && version !== this.#present?.specVersion,
    );
    for (const version of old.slice(0, Math.max(0, old.length - KEEP))) {
      const runtime = this.#known.get(version);
      this.#known.delete(version);
      await runtime?.then(({ api }) => api.disconnect()).catch(() => undefined);
    }
  }
}

/** `Option<OpaqueMetadata>`: a byte, a compact length, and then the metadata itself. */
function unwrap(answer: Buffer): Hex | undefined {
  const magic = answer.subarray(0, 16).indexOf("meta");
  return answer[0] === 1 && magic > 0 ? `0x${answer.subarray(magic).toString("hex")}` : undefined;
}

/** A shape that cannot be read is an error for who asks for it, and for nobody else. */
function lazily(create: () => ReadMetagraph): ReadMetagraph {
  let made: ReadMetagraph | undefined;
  return (netuid, answer) => {
    made ??= create();
    return made(netuid, answer);
  };
}

function bad(what: string, problem: string): SubforgeError {
  return new SubforgeError("CHAIN_BAD_ANSWER", { what, problem });
}
