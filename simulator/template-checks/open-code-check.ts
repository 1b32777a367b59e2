import { type Player, playEpoch } from "../../shared/play-epoch.ts";
import { childSeed } from "../../shared/rules/beacon.ts";
import type { EpochContext, Message, MessageValue } from "../../shared/template.ts";
import { isTensor } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { type CheckedTemplate, contextOf, honestPlayers } from "./checked-template.ts";
import { demand } from "./finding.ts";
import { toComparable } from "./to-comparable.ts";

/** A row of fewer numbers is met by chance. */
const MIN_ROW = 4;
/** A text of fewer letters is a name: of a task, of a preset. */
const MIN_TEXT = 16;
const EPOCHS = 2;

/** What one epoch asked, in pieces that are only met again by who knew them: where each was found first. */
type Asked = Map<string, string>;

/**
 * SF-T315. An adversary runs the template's own code with everything that is public: the chain, the beacons of the epoch
 * and of its later stages, all that is over, secrets of past epochs among it. It plays the epoch in its head, once for
 * each secret it can think of, and looks for what it was asked there. Of what it finds it would know the truth.
 */
export async function checkOpenCode(subject: CheckedTemplate): Promise<string> {
  const past: Uint8Array[] = [];
  let pieces = 0;
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const context = contextOf(subject, epoch);
    const asked = await askedIn(subject, context);
    pieces += asked.size;
    for (const secret of [new Uint8Array(32), context.beacon, ...past]) {
      const imagined = await askedIn(subject, { ...context, secret });
      const known = [...asked].find(([piece]) => imagined.has(piece));
      demand(
        !known,
        `${known?.[1]} can be computed from public data before it is asked, and its truth with it`,
      );
    }
    past.push(context.secret);
  }
  if (pieces === 0)
    return "no hidden question holds rows of numbers or long texts to look for; SF-T304 compares them whole";
  return `none of ${pieces} pieces of what was asked is known before, in any stage`;
}

/** Every stage of an epoch. The beacons of its later stages are public too, so they are the same in the head. */
async function askedIn(subject: CheckedTemplate, context: EpochContext): Promise<Asked> {
  const { template } = subject;
  const asked: Asked = new Map();
  const answered = new Set<string>();
  const { synapses } = template;
  const listening = [...honestPlayers(subject)].map(([hotkey, player]): [Hotkey, Player] => [
    hotkey,
    async (question) => {
      const { request, job } = question;
      for (const [where, piece] of synapses[job.synapse]!.isPublic ? [] : piecesOf(request)) {
        // What an earlier stage told is no secret in a later one.
        if (!answered.has(piece)) asked.set(piece, `${where} of ${job.synapse}`);
      }
      const answer = await player(question);
      for (const [, piece] of piecesOf(answer.response ?? {})) answered.add(piece);
      return answer;
    },
  ]);
  const beaconOf = (stage: string) => childSeed(context.beacon, `stage ${stage}`);
  await playEpoch(template, context, template.initialState(), new Map(listening), { beaconOf });
  return asked;
}

/** Rows of tensors and long texts, with where they stand. */
function piecesOf(message: Message): [where: string, piece: string][] {
  const pieces: [string, string][] = [];
  const walk = (value: MessageValue | undefined, where: string): void => {
    if (isTensor(value)) {
      for (const row of rowsOf(value.shape, value.data)) pieces.push([`a row of ${where}`, row]);
    } else if (typeof value === "string") {
      if (value.length >= MIN_TEXT) pieces.push([where, value]);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, part] of Object.entries(value))
        walk(part as MessageValue, where ? `${where}.${key}` : key);
    }
  };
  walk(message, "");
  return pieces;
}

/** Each item along the first dimension; a tensor of single numbers as a whole. Rows that say nothing are left out. */
function rowsOf(shape: readonly number[], data: ArrayLike<number | bigint>): string[] {
  const [items = 1, ...rest] = shape;
  const width = rest.reduce((product, size) => product * size, 1);
  const rows = width >= MIN_ROW ? items : 1;
  const length = data.length / Math.max(1, rows);
  const values = data as unknown as Float32Array;
  return Array.from({ length: rows }, (_, row) => values.slice(row * length, (row + 1) * length))
    .filter((row) => new Set(row).size >= MIN_ROW)
    .map((row) => toComparable(row));
}
