import type { Metagraph, Neuron } from "../../shared/chain/metagraph.ts";
import { expect } from "./outcome.ts";

/** A client prints floats of its own: as many parts of the value may differ. */
const RELATIVE_ERROR = 1e-6;
const RAO = 1e9;

/** What is compared, as we read it. Floats compare by their size, everything else exactly. */
const COLUMNS: Record<string, (neuron: Neuron) => unknown> = {
  uid: ({ uid }) => uid,
  hotkey: ({ hotkey }) => hotkey,
  coldkey: ({ coldkey }) => coldkey,
  axon: ({ axon }) => (axon ? `${axon.ip}:${axon.port}` : "0.0.0.0:0"),
  validatorPermit: ({ validatorPermit }) => validatorPermit,
  active: ({ active }) => active,
  stakeTao: ({ stakeRao }) => Number(stakeRao) / RAO,
  incentive: ({ incentive }) => incentive,
  dividends: ({ dividends }) => dividends,
  consensus: ({ consensus }) => consensus,
  lastUpdate: ({ lastUpdate }) => lastUpdate,
};

/**
 * A client's metagraph against ours of the same block, column by column; a client leaves out what it does not have.
 *
 * @throws StepFailure naming the first difference
 */
export function compareMetagraph(ours: Metagraph, theirs: Record<string, unknown>): string {
  const { block = ours.block } = theirs;
  expect(block === ours.block, `their block is ${block}, ours ${ours.block}`);
  const names = Object.keys(COLUMNS).filter((name) => name in theirs);
  for (const name of names) {
    const column = theirs[name] as unknown[];
    expect(
      column.length === ours.neurons.length,
      `${name} has ${column.length} rows, not ${ours.neurons.length}`,
    );
    for (const neuron of ours.neurons) {
      const mine = COLUMNS[name]!(neuron);
      const other = column[neuron.uid];
      expect(isSame(mine, other), `${name} of uid ${neuron.uid} is ${other} there and ${mine} here`);
    }
  }
  return `${names.length} columns of ${ours.neurons.length} neurons at block ${ours.block}`;
}

function isSame(mine: unknown, other: unknown): boolean {
  if (typeof mine !== "number" || typeof other !== "number") return mine === other;
  return Math.abs(mine - other) <= RELATIVE_ERROR * Math.max(1, Math.abs(mine));
}
