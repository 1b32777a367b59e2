import type { WireWeights } from "../../shared/chain/chain.ts";
import type { EpochKey } from "../../shared/journal/epoch-rows.ts";
import type { Hotkey, Netuid } from "../../shared/types.ts";
import type { ValidatorEvent } from "../../validator/events.ts";
import type { History, JournalHistory, Violation } from "./history.ts";

const U16_MAX = 65_535;

type Receipt = JournalHistory["receipts"][number];

/** Which promises a finished run broke. Pure: the same history gives the same answer. */
export function checkHistory(history: History): Violation[] {
  return [
    ...checkVerified(history),
    ...checkOneContent(history),
    ...checkRecordedBeforeSent(history),
    ...checkEvents(history),
    ...checkEpochs(history),
    ...checkHonestMiners(history),
    ...checkContents(history),
    ...checkOwners(history),
  ];
}

/** P1: what is called verified is on the chain: its call in the block that it names, and its row from then on. */
function checkVerified({ chain, journals, events }: History): Violation[] {
  const broken: Violation[] = [];
  const say = (key: EpochKey, what: string) => broken.push({ promise: "P1", what: `${nameOf(key)} ${what}` });
  for (const receipt of receiptsOf(journals).filter(({ status }) => status === "verified")) {
    const { extrinsicHash, block, revealedBlock, content } = receipt;
    if (extrinsicHash === undefined || chain.included.get(extrinsicHash) !== block) {
      say(receipt, `is verified, and block ${block} does not have its call ${extrinsicHash}`);
    }
    const from = revealedBlock ?? block ?? Number.POSITIVE_INFINITY;
    if (!content || !wasOnChain(chain.rows, receipt, from, content)) {
      say(receipt, `is verified, and the chain never showed ${print(content)} from block ${from} on`);
    }
  }
  for (const event of events) {
    if (event.event !== "weights.verified") continue;
    const found = receiptOf(journals, event);
    if (found?.status !== "verified" || !isSame(found.content, event.sent)) {
      say(event, "was told to be verified, and no receipt says so");
    }
    if (!isSame(event.sent, event.readBack))
      say(event, "was told to be verified, and what was read back differs");
  }
  return broken;
}

function wasOnChain(
  rows: History["chain"]["rows"],
  { netuid, mechanism }: EpochKey,
  from: number,
  content: WireWeights,
): boolean {
  const own = rows.filter((row) => row.netuid === netuid && row.mechanism === mechanism);
  // The row that stood at the block itself, and every later one.
  const first = own.findLastIndex(({ block }) => block <= from);
  return own.slice(Math.max(0, first)).some(({ row }) => isSame(row, content));
}

/** P2: whatever was signed for an epoch, by whichever process and journal, says the same. */
function checkOneContent({ journals }: History): Violation[] {
  const byEpoch = new Map<string, { weights: Set<string>; hashes: Set<string> }>();
  for (const receipt of receiptsOf(journals)) {
    const of = byEpoch.get(nameOf(receipt)) ?? { weights: new Set(), hashes: new Set() };
    byEpoch.set(nameOf(receipt), of);
    for (const { content } of receipt.signed) {
      if ("weights" in content) of.weights.add(print(content.weights));
      else of.hashes.add(content.hash);
    }
    if (receipt.signed.length > 0) of.weights.add(print(receipt.content));
  }
  return [...byEpoch].flatMap(([name, { weights, hashes }]): Violation[] => [
    ...(weights.size > 1
      ? [{ promise: "P2", what: `${name} has several contents: ${[...weights].join(" and ")}` } as const]
      : []),
    ...(hashes.size > 1
      ? [{ promise: "P2", what: `${name} has several commits: ${[...hashes].join(" and ")}` } as const]
      : []),
  ]);
}

/** P2 and P3: nothing of this hotkey reached the chain whose bytes were not in the journal first. */
function checkRecordedBeforeSent({ chain, journals }: History): Violation[] {
  const recorded = new Set(
    receiptsOf(journals).flatMap(({ signed }) => signed.map(({ extrinsicHash }) => extrinsicHash)),
  );
  return chain.seen
    .filter(({ extrinsicHash }) => !recorded.has(extrinsicHash))
    .map(({ netuid, mechanism, extrinsicHash }) => ({
      promise: "P3",
      what: `the chain saw ${extrinsicHash} for ${netuid}/${mechanism}, and no journal has its bytes`,
    }));
}

/** P3: what was said once is what the journal says at the end. */
function checkEvents({ journals, events }: History): Violation[] {
  const broken: Violation[] = [];
  const say = (key: EpochKey, what: string) => broken.push({ promise: "P3", what: `${nameOf(key)} ${what}` });
  const scored = new Map<string, string>();
  for (const event of events) {
    if (event.event === "epoch.scored") {
      const record = epochOf(journals, event);
      if (record?.status !== "scored") say(event, `was scored, and its journal says ${record?.status}`);
      else {
        for (const { hotkey, score } of event.scores) {
          const kept = record.scores.get(hotkey) ?? null;
          if (kept !== score) say(event, `gave ${hotkey} ${score}, and its journal says ${kept}`);
        }
      }
      const told = JSON.stringify(event.scores);
      if ((scored.get(nameOf(event)) ?? told) !== told) say(event, "was scored twice, differently");
      scored.set(nameOf(event), told);
    }
    if (event.event === "weights.signed" && !receiptOf(journals, event)?.signed.some(hasHash(event))) {
      say(event, `was signed as ${event.extrinsicHash}, and its journal has no such bytes`);
    }
  }
  return broken;
}

/** P3: no epoch is left open behind a newer one. P13: scoring the recorded answers again gives what was recorded. */
function checkEpochs({ journals }: History): Violation[] {
  const broken: Violation[] = [];
  for (const { epochs, receipts } of journals) {
    const decided = new Set(receipts.map(nameOf));
    for (const epoch of epochs) {
      const later = epochs.filter((other) => isSameSubject(other, epoch) && other.epoch > epoch.epoch);
      if (epoch.status === "planned" && later.length > 0) {
        broken.push({ promise: "P3", what: `${nameOf(epoch)} is still open, and later epochs began` });
      }
      // The last one may have been cut off by the end of the run itself.
      if (epoch.status === "scored" && later.length > 1 && !decided.has(nameOf(epoch))) {
        broken.push({
          promise: "P3",
          what: `${nameOf(epoch)} was scored, and nothing was decided about its weights`,
        });
      }
      if (epoch.replayDiffers !== undefined) {
        broken.push({
          promise: "P13",
          what: `${nameOf(epoch)} scored again differs: ${epoch.replayDiffers}`,
        });
      }
    }
  }
  return broken;
}

/** P6: an honest miner has everything, or no score: whatever fails in between is not its fault. */
function checkHonestMiners({ miners, journals }: History): Violation[] {
  const broken: Violation[] = [];
  for (const epoch of journals.flatMap(({ epochs }) => epochs)) {
    for (const [hotkey, score] of epoch.scores) {
      const kind = miners.get(hotkey);
      if (kind === "honest" && score !== undefined && score !== 1) {
        broken.push({ promise: "P6", what: `${nameOf(epoch)} gave the honest ${hotkey} ${score}` });
      }
      if (kind === "worthless" && score !== undefined && score !== 0) {
        broken.push({ promise: "P8", what: `${nameOf(epoch)} gave the worthless ${hotkey} ${score}` });
      }
    }
  }
  return broken;
}

/** P7: only what the chain would take is ever signed. */
function checkContents({ journals }: History): Violation[] {
  return receiptsOf(journals)
    .filter(({ signed, content }) => signed.length > 0 && !(content && isValid(content)))
    .map((receipt) => ({
      promise: "P7",
      what: `${nameOf(receipt)} was signed with ${print(receipt.content)}`,
    }));
}

function isValid({ uids, values }: WireWeights): boolean {
  const isAscending = uids.every(
    (uid, i) => Number.isInteger(uid) && uid >= 0 && (i === 0 || uid > uids[i - 1]!),
  );
  const inRange = values.every((value) => Number.isInteger(value) && value >= 1 && value <= U16_MAX);
  return uids.length > 0 && uids.length === values.length && isAscending && inRange;
}

/** P8: whoever is paid earned it itself: its hotkey has a score above zero in this epoch or an earlier one. */
function checkOwners({ chain, journals }: History): Violation[] {
  const broken: Violation[] = [];
  for (const receipt of receiptsOf(journals)) {
    if (!receipt.content || receipt.signed.length === 0) continue;
    const owners = ownersAt(chain.owners, receipt.netuid, receipt.decidedBlock);
    for (const uid of receipt.content.uids) {
      const hotkey = owners[uid];
      if (hotkey === undefined || !hasEarned(journals, receipt, hotkey)) {
        broken.push({
          promise: "P8",
          what: `${nameOf(receipt)} pays uid ${uid}, and ${hotkey} never earned anything`,
        });
      }
    }
  }
  return broken;
}

function ownersAt(owners: History["chain"]["owners"], netuid: Netuid, block: number): readonly Hotkey[] {
  return owners.findLast((entry) => entry.netuid === netuid && entry.block <= block)?.hotkeys ?? [];
}

function hasEarned(journals: readonly JournalHistory[], receipt: Receipt, hotkey: Hotkey): boolean {
  return journals.some(({ epochs }) =>
    epochs.some(
      (epoch) =>
        isSameSubject(epoch, receipt) && epoch.epoch <= receipt.epoch && (epoch.scores.get(hotkey) ?? 0) > 0,
    ),
  );
}

function receiptsOf(journals: readonly JournalHistory[]): Receipt[] {
  return journals.flatMap(({ receipts }) => receipts);
}

/** In any of the journals: that of a later one does not make an earlier one untrue. */
function receiptOf(
  journals: readonly JournalHistory[],
  key: EpochKey & { sent?: WireWeights },
): Receipt | undefined {
  const all = receiptsOf(journals).filter((receipt) => nameOf(receipt) === nameOf(key));
  return all.find(({ content }) => isSame(content, key.sent)) ?? all[0];
}

function epochOf(
  journals: readonly JournalHistory[],
  key: EpochKey,
): JournalHistory["epochs"][number] | undefined {
  const all = journals.flatMap(({ epochs }) => epochs).filter((epoch) => nameOf(epoch) === nameOf(key));
  return all.find(({ status }) => status === "scored") ?? all[0];
}

function hasHash(event: Extract<ValidatorEvent, { event: "weights.signed" }>) {
  return ({ extrinsicHash }: { extrinsicHash: string }) => extrinsicHash === event.extrinsicHash;
}

function isSameSubject(a: EpochKey, b: EpochKey): boolean {
  return a.netuid === b.netuid && a.mechanism === b.mechanism;
}

function isSame(a: WireWeights | undefined, b: WireWeights | undefined): boolean {
  return a !== undefined && b !== undefined && print(a) === print(b);
}

/** In the order of the uids. */
function print(weights: WireWeights | undefined): string {
  if (!weights) return "nothing";
  const pairs = weights.uids.map((uid, i) => [uid, weights.values[i]] as const);
  return pairs
    .sort(([a], [b]) => a - b)
    .map(([uid, value]) => `${uid}:${value}`)
    .join(" ");
}

function nameOf({ netuid, mechanism, epoch }: EpochKey): string {
  return `epoch ${netuid}/${mechanism}/${epoch}`;
}
