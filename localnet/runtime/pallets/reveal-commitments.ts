import type { Netuid } from "../../../shared/types.ts";
import type { Store } from "../../state/store.ts";
import { variant } from "../../types/composites.ts";
import { U64 } from "../../types/primitives.ts";
import { AccountId } from "../../types/substrate-types.ts";
import type { Account, Context } from "../dsl/context.ts";
import { eventsOf } from "../dsl/events.ts";
import { CommitmentStorage, commitmentsId } from "./commitment-storage.ts";
import { type CommitmentField, timelockedOf } from "./commitment-types.ts";
import { NetUid } from "./subtensor/subtensor-types.ts";
import { readTimelocked } from "./timelock-reader.ts";

/** Revealed contents that are kept per hotkey: the newest. */
const MAX_REVEALED = 10;

export const commitmentEvents = eventsOf(commitmentsId, {
  Commitment: variant(0, { netuid: NetUid, who: AccountId }),
  TimelockCommitment: variant(1, { netuid: NetUid, who: AccountId, reveal_round: U64 }),
  CommitmentRevealed: variant(2, { netuid: NetUid, who: AccountId }),
});

/** Whom `revealCommitments` looks at. */
export function markClosed(s: Store, netuid: Netuid, hotkey: Account, isClosed: boolean): void {
  const index = CommitmentStorage.TimelockedIndex.get(s);
  const others = index.filter(([of, who]) => of !== netuid || who !== hotkey);
  if (!isClosed && others.length === index.length) return;
  CommitmentStorage.TimelockedIndex.put(s, isClosed ? [...others, [netuid, hotkey]] : others);
}

/** In each block: fields that open now move to what is revealed. What cannot be opened is dropped. */
export function revealCommitments(c: Context): void {
  for (const [netuid, hotkey] of CommitmentStorage.TimelockedIndex.get(c.store)) reveal(c, netuid, hotkey);
}

function reveal(c: Context, netuid: Netuid, hotkey: Account): void {
  const { store: s } = c;
  const registration = CommitmentStorage.CommitmentOf.get(s, netuid, hotkey);
  const fields = registration?.info.fields ?? [];
  const opened: Uint8Array[] = [];
  const left = fields.filter((field) => {
    const content = contentOf(s, field);
    if (content === "wait") return true;
    if (content && content.length > 0) opened.push(content);
    return false;
  });
  const isClosed = left.some(({ type }) => type === "TimelockEncrypted");
  if (!isClosed) markClosed(s, netuid, hotkey, false);
  if (!registration || left.length === fields.length) return;

  if (opened.length > 0) {
    const now = opened.map((content): [Uint8Array, bigint] => [content, BigInt(c.block)]);
    const before = CommitmentStorage.RevealedCommitments.get(s, netuid, hotkey) ?? [];
    CommitmentStorage.RevealedCommitments.put(s, netuid, hotkey, [...before, ...now].slice(-MAX_REVEALED));
    for (const _ of opened) c.deposit(commitmentEvents.make.CommitmentRevealed({ netuid, who: hotkey }));
  }
  if (left.length === 0) CommitmentStorage.CommitmentOf.remove(s, netuid, hotkey);
  else CommitmentStorage.CommitmentOf.put(s, netuid, hotkey, { ...registration, info: { fields: left } });
}

/** "wait": it stays where it is, as every field does that is no timelock. */
function contentOf(s: Store, field: CommitmentField): Uint8Array | "wait" | undefined {
  const timelocked = timelockedOf(field);
  return timelocked ? readTimelocked(s, timelocked.encrypted, timelocked.reveal_round) : "wait";
}
