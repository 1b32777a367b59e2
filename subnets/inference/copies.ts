import { isIPv4 } from "node:net";
import { identicalGroups } from "../../shared/rules/duplicates.ts";
import { parseModelCommitment } from "../../shared/rules/model-commitment.ts";
import type { Participant } from "../../shared/template.ts";
import type { Hotkey } from "../../shared/types.ts";
import { checkAddress } from "../../shared/wire/address-policy.ts";
import { alikeGroups, type Pairs } from "./alike.ts";
import type { InferenceConfig } from "./config.ts";
import type { Page } from "./ledger.ts";

/** A copy stays unpaid until it has been different for so many epochs. */
const EPOCHS_APART = 3;

/** Any port will do: an address is public or it is not. */
const SOME_PORT = 8_091;

/** Copies, with the epochs that each still has to be different, and what they were found by. */
export type Copies = { [hotkey: Hotkey]: { left: number; reason: "duplicate-answer" | "duplicate-model" } };

/**
 * Who is somebody else under another name: the same answers digit for digit, errors that are alike for epochs, the same
 * model, the same address. Of each group one keeps its pay: the one that committed to its model first, else the one
 * that registered first.
 *
 * @param pages - Of miners whose answers are worth something: nobody is made a copy of somebody who only claims to be it.
 */
export function findCopies(
  previous: Copies,
  field: {
    pages: ReadonlyMap<Hotkey, Page>;
    pairs: Pairs;
    participants: readonly Participant[];
    config: Pick<InferenceConfig, "sameAddress">;
  },
): Copies {
  const { pages, pairs, participants, config } = field;
  const registered = new Map(participants.map((participant) => [participant.hotkey, participant]));
  const next: Copies = {};
  for (const [hotkey, { left, reason }] of Object.entries(previous)) {
    const after = pages.has(hotkey) ? left - 1 : left; // silence is not being different
    if (registered.has(hotkey) && after > 0) next[hotkey] = { left: after, reason };
  }
  const serving = participants.filter(({ hotkey }) => pages.has(hotkey));
  const found: [Hotkey[][], Copies[Hotkey]["reason"]][] = [
    [[...sameAnswers(pages), ...alikeGroups(pairs)], "duplicate-answer"],
    [[...sameModels(serving, pages), ...sameAddresses(serving, config.sameAddress)], "duplicate-model"],
  ];
  for (const [groups, reason] of found) {
    for (const group of groups) {
      const members = group.flatMap((hotkey) => (pages.has(hotkey) ? (registered.get(hotkey) ?? []) : []));
      const [, ...copies] = members.sort((a, b) => bySeniority(a, b, previous));
      for (const { hotkey } of copies) next[hotkey] = { left: EPOCHS_APART, reason };
    }
  }
  return next;
}

/**
 * Who was a copy before stays one, so that nobody loses its place by committing to a better model. Then who has
 * committed to one at all, the earliest first; then the order of registration.
 */
function bySeniority(a: Participant, b: Participant, copies: Copies): number {
  const blockOf = ({ commitment }: Participant) =>
    commitment && parseModelCommitment(commitment.data) ? commitment.block : Number.POSITIVE_INFINITY;
  const [first, second] = [blockOf(a), blockOf(b)];
  return (
    Number(a.hotkey in copies) - Number(b.hotkey in copies) ||
    (first === second ? 0 : first - second) ||
    a.registeredAt - b.registeredAt ||
    a.uid - b.uid
  );
}

function sameAnswers(pages: ReadonlyMap<Hotkey, Page>): Hotkey[][] {
  const byTask = new Map<string, Map<Hotkey, string>>();
  for (const [hotkey, { sharedAnswers }] of pages) {
    for (const { taskId, fingerprint } of sharedAnswers) {
      if (fingerprint === undefined) continue;
      const fingerprints = byTask.get(taskId) ?? new Map<Hotkey, string>();
      byTask.set(taskId, fingerprints.set(hotkey, fingerprint));
    }
  }
  return [...byTask.values()].flatMap(identicalGroups);
}

/**
 * By what they committed to on chain, and by what they say while they answer. A name that nobody committed to makes no
 * group: anybody can say it, and whoever says it truly is found by its answers.
 */
function sameModels(serving: readonly Participant[], pages: ReadonlyMap<Hotkey, Page>): Hotkey[][] {
  const committed = new Map<Hotkey, string>();
  for (const { hotkey, commitment } of serving) {
    const model = commitment && parseModelCommitment(commitment.data);
    if (model) committed.set(hotkey, model.sha256);
  }
  const hashes = new Set(committed.values());
  return [...hashes].map((hash) =>
    serving
      .map(({ hotkey }) => hotkey)
      .filter(
        (key) => (committed.get(key) ?? pages.get(key)!.modelHashes.find((own) => own === hash)) === hash,
      ),
  );
}

/** Miners on one machine of a development net share its private address, which says nothing. */
function sameAddresses(serving: readonly Participant[], same: InferenceConfig["sameAddress"]): Hotkey[][] {
  if (same === "off") return [];
  const places = serving.flatMap(({ hotkey, ip }): [Hotkey, string][] =>
    ip !== undefined && checkAddress(ip, SOME_PORT, { allowPrivate: false }).ok
      ? [[hotkey, same === "network" ? networkOf(ip) : ip]]
      : [],
  );
  return identicalGroups(new Map(places));
}

/** /24 of an IPv4 address, /64 of an IPv6 one, as text that two addresses of one network share. */
function networkOf(ip: string): string {
  if (isIPv4(ip)) return ip.split(".").slice(0, 3).join(".");
  const [head = "", tail = ""] = new URL(`http://[${ip}]`).hostname.slice(1, -1).split("::");
  const [front, back] = [head, tail].map((part) => (part === "" ? [] : part.split(":")));
  const zeros = Array<string>(Math.max(0, 8 - front!.length - back!.length)).fill("0");
  return [...front!, ...zeros, ...back!].slice(0, 4).join(":");
}
