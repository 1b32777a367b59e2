import { COLUMNS, type Simulated } from "../records.ts";
import { thinEpochs } from "./thin-epochs.ts";

/** With one of these a spreadsheet takes text for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

const HEAD = ["run", "epoch", "uid", "name", "group", "role", "behaviour", "registered", ...COLUMNS];

/**
 * One line per run, epoch and neuron (RFC 4180): every n-th epoch where all would be too many. `registered` is 1 while
 * the neuron is there.
 */
export function toCsv(simulated: Simulated): string {
  const lines = [HEAD.join(",")];
  const { epochs } = thinEpochs(simulated);
  simulated.runs.forEach(({ neurons, columns }, run) => {
    for (const epoch of epochs) {
      neurons.forEach((facts, neuron) => {
        const at = epoch * neurons.length + neuron;
        const { uid, joinEpoch, leaveEpoch = Number.POSITIVE_INFINITY } = facts;
        const isThere = epoch >= joinEpoch && epoch < leaveEpoch;
        lines.push(
          [
            ...[run + 1, epoch, uid].map(String),
            ...[facts.name, facts.group, facts.role, facts.behaviour].map(cell),
            isThere ? "1" : "0",
            ...COLUMNS.map((column) => String(columns[column][at]!)),
          ].join(","),
        );
      });
    }
  });
  return `${lines.join("\r\n")}\r\n`;
}

function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
