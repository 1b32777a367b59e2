import type { SubnetRules } from "../shared/chain/chain.ts";
import type { Metagraph } from "../shared/chain/metagraph.ts";
import type {
  EpochHead,
  EpochKey,
  EpochRecord,
  RecordedContext,
  TemplateStamp,
} from "../shared/journal/epoch-rows.ts";
import type { Journal } from "../shared/journal/journal.ts";
import type { EpochContext, SubnetTemplate } from "../shared/template.ts";
import type { BlockNumber, Hotkey, Json, Netuid } from "../shared/types.ts";
import { beaconAt, type RecordedChain, recordNow } from "./record-now.ts";
import { sampled } from "./sampling.ts";
import type { SecretKeeper } from "./secret-keeper.ts";

export type SubjectDeps = {
  netuid: Netuid;
  mechanism: number;
  template: SubnetTemplate;
  /** What `template.parseConfig` gave. */
  config: unknown;
  /** Digest of the template's code. */
  code?: string | undefined;
  validator: Hotkey;
  chain: RecordedChain;
  journal: Pick<Journal, "epochs" | "scores">;
  secrets: SecretKeeper;
};

/** One mechanism of one subnet as its template sees it: contexts, states and randomness of its epochs. */
export class Subject {
  readonly netuid: Netuid;
  readonly mechanism: number;
  readonly template: SubnetTemplate;
  readonly #deps: SubjectDeps;

  constructor(deps: SubjectDeps) {
    this.netuid = deps.netuid;
    this.mechanism = deps.mechanism;
    this.template = deps.template;
    this.#deps = deps;
  }

  key(epoch: number): EpochKey {
    return { netuid: this.netuid, mechanism: this.mechanism, epoch };
  }

  stamp(): TemplateStamp {
    const { template, config, code } = this.#deps;
    return { template: template.id, version: template.version, config: config as Json, code };
  }

  /** Was this planned by another template, by another version of it, or by other code under the same name? */
  isForeign({ template, version, code }: EpochHead): boolean {
    const own = this.#deps.code;
    if (template !== this.template.id || version !== this.template.version) return true;
    return code !== undefined && own !== undefined && code !== own;
  }

  stateBefore(key: EpochKey): Json {
    return this.keptBefore(key)?.state ?? this.template.initialState();
  }

  /** The newest state of this version of the template before an epoch. Undefined: nothing was ever scored by it. */
  keptBefore(key: EpochKey): { epoch: number; state: Json } | undefined {
    return this.#deps.journal.scores.stateBefore(key, this.stamp());
  }

  /** An epoch that was planned, with everybody who was registered then. */
  contextOf(key: EpochKey): EpochContext {
    const { context, config } = this.#recorded(key);
    return this.unfold(context!, config);
  }

  /** The same, with those alone who may be asked. */
  askedContextOf(key: EpochKey): EpochContext {
    const { context, config } = this.#recorded(key);
    const participants = sampled(context!.participants, context!.sampling);
    return this.unfold({ ...context!, participants }, config);
  }

  notSampled(key: EpochKey): readonly Hotkey[] {
    return this.#recorded(key).context!.sampling?.notSampled ?? [];
  }

  /** Adds what is never stored. */
  unfold({ sampling: _, ...recorded }: RecordedContext, config: Json = this.stamp().config): EpochContext {
    const { secrets, template } = this.#deps;
    const secret = secrets.secret(this.netuid, recorded.epoch, this.mechanism);
    return { ...recorded, secret, config: template.parseConfig(config) };
  }

  /** The running epoch, by what the chain shows now. @throws SubforgeError CHAIN_BLOCK_MISSING */
  recordNow(rules: SubnetRules, metagraph: Metagraph): Promise<RecordedContext> {
    const { validator, chain } = this.#deps;
    return recordNow({ mechanism: this.mechanism, validator }, { chain, rules, metagraph });
  }

  /** @throws SubforgeError CHAIN_BLOCK_MISSING */
  beacon(block: BlockNumber): Promise<Uint8Array> {
    return beaconAt(block, this.#deps.chain);
  }

  #recorded(key: EpochKey): EpochRecord {
    return this.#deps.journal.epochs.epoch(key)!;
  }
}
