import type { Journal } from "../../shared/journal/journal.ts";
import type { SignedResult } from "../../shared/journal/result-records.ts";
import type { Hex, Hotkey } from "../../shared/types.ts";
import { type Page, refusal, resultDocument, toPage } from "./result-page.ts";

/** Older results in memory: a page has some kilobytes. */
const MAX_OLDER = 256;

/** A topic is stale after so many times what passed between its last two results. */
const STALE_AFTER = 3;

/** Of a topic with a single result nobody knows the pace: Subtensor's usual epoch. */
const USUAL_EPOCH_MS = 360 * 12_000;

/** A path that asks for one result. Nonces are whole numbers without needless zeros: each result has one address. */
const RESULT_PATH = /^\/topics\/([0-9]{1,5})-([0-9]{1,3})-([a-z0-9-]{1,64})\/(latest|0|[1-9][0-9]{0,15})$/;

const THERE_IS = "there is /topics, /topics/ID/latest and /topics/ID/NONCE";

type Owner = { genesis: Hex; hotkey: Hotkey };

/** The replies of the consumer endpoint, made when the journal changes and not when somebody reads. */
export class ResultPages {
  #source: { journal: Pick<Journal, "results">; owner: Owner } | undefined;
  /** Of the journal, when it was read last. */
  #change: number | undefined;
  #count = -1;
  /** Newest first, of each topic. */
  #byTopic = new Map<string, SignedResult[]>();
  #stale = new Set<string>();
  readonly #ready = new Map<string, Page>();
  readonly #older = new Map<string, Page>();

  /** Another journal, or the first one. Call `refresh` afterwards. */
  use(journal: Pick<Journal, "results">, owner: Owner): void {
    this.#source = { journal, owner };
    [this.#change, this.#count] = [undefined, -1];
    this.#older.clear();
  }

  /**
   * Looks whether anything was signed since, or became stale. Cheap when nothing did.
   *
   * @throws SubforgeError JOURNAL_BROKEN, JOURNAL_OLDER: what was read before is still served
   */
  refresh(nowMs: number): void {
    const { journal, owner } = this.#source!;
    const change = journal.results.change();
    const count = change === this.#change ? this.#count : journal.results.signedCount();
    const isNew = count !== this.#count;
    if (isNew) this.#byTopic = grouped(journal.results.newest());
    [this.#change, this.#count] = [change, count];
    const stale = new Set([...this.#byTopic].filter(([, of]) => isStale(of, nowMs)).map(([topic]) => topic));
    const isSame = stale.size === this.#stale.size && [...stale].every((topic) => this.#stale.has(topic));
    if (!isNew && isSame) return;
    this.#stale = stale;
    this.#ready.clear();
    const topics = [...this.#byTopic].map(([topic, [newest]]) => {
      const document = resultDocument(owner.genesis, newest!, stale.has(topic));
      this.#ready.set(`/topics/${topic}/latest`, toPage(document, "latest"));
      const { name, netuid, mechanism, epoch, nonce, value, validUntil, signedAt, isStale } = document;
      return { topic, name, netuid, mechanism, epoch, nonce, value, validUntil, signedAt, isStale };
    });
    this.#ready.set("/topics", toPage({ ...owner, topics }, "latest"));
  }

  /** @param url - As it came in; what follows a question mark is nobody's. */
  page(url: string): Page {
    const ready = this.#ready.get(url);
    if (ready) return ready;
    const [path = ""] = url.split("?", 1);
    return this.#ready.get(path) ?? this.#older.get(path) ?? this.#olderPage(path);
  }

  #olderPage(path: string): Page {
    const [, netuid, mechanism, name = "", nonce] = RESULT_PATH.exec(path) ?? [];
    if (nonce === undefined) return refusal(404, "no-such-path", THERE_IS);
    const topic = `${Number(netuid)}-${Number(mechanism)}-${name}`;
    if (nonce === "latest" || !path.startsWith(`/topics/${topic}/`) || !this.#byTopic.has(topic)) {
      return refusal(404, "no-such-topic", "/topics names those that are here");
    }
    const { journal, owner } = this.#source!;
    const found = journal.results.signed(Number(netuid), Number(mechanism), name, Number(nonce));
    if (!found) return refusal(404, "no-such-nonce", `/topics/${topic}/latest has the newest one`);
    const page = toPage(
      resultDocument(owner.genesis, found, false),
      found.facts === null ? "latest" : "fixed",
    );
    this.#older.set(path, page);
    for (const first of this.#older.keys()) if (this.#older.size > MAX_OLDER) this.#older.delete(first);
    return page;
  }
}

function grouped(results: readonly SignedResult[]): Map<string, SignedResult[]> {
  const byTopic = new Map<string, SignedResult[]>();
  for (const result of results) {
    const of = byTopic.get(result.record.topic);
    if (of) of.push(result);
    else byTopic.set(result.record.topic, [result]);
  }
  return byTopic;
}

function isStale([newest, before]: readonly SignedResult[], nowMs: number): boolean {
  const paceMs = before ? newest!.signedMs - before.signedMs : USUAL_EPOCH_MS;
  return nowMs - newest!.signedMs > STALE_AFTER * paceMs;
}
