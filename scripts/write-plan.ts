import { callName } from "../shared/chain/call-shape.ts";
import type { Call } from "../shared/chain/chain.ts";
import type { OperatorChain } from "../shared/chain/operator-chain.ts";
import { sendCall } from "../shared/chain/send-call.ts";
import { SubforgeError } from "../shared/errors.ts";
import type { ChainSigner } from "../shared/keys/external-signer.ts";
import type { Coldkey, Rao } from "../shared/types.ts";
import { askYesNo, hasTerminal } from "./ask.ts";
import type { Output } from "./output.ts";
import { formatTao } from "./tao.ts";

/** What is about to be done, before anything is signed. */
export type WritePlan = {
  /** In words: `register hotkey 5F3s… on subnet 2`. */
  action: string;
  call: string;
  signer: Coldkey;
  /** What will be different afterwards. */
  effects: readonly string[];
  /** Paid besides the fee, rao. */
  costRao: Rao;
  feeRao: Rao;
  balanceRao: Rao;
  balanceAfterRao: Rao;
};

export type WriteIntent = Pick<WritePlan, "action" | "effects" | "costRao" | "signer"> & { call: Call };

/** What the plan of a call is now. @throws SubforgeError BALANCE_TOO_LOW */
async function planWrite(chain: OperatorChain, intent: WriteIntent): Promise<WritePlan> {
  const { call, signer, costRao, action, effects } = intent;
  const [feeRao, balanceRao] = await Promise.all([chain.fee(call, signer), chain.balance(signer)]);
  const balanceAfterRao = balanceRao - costRao - feeRao;
  if (balanceAfterRao < 0n) {
    const needed = `${formatTao(costRao)} and a fee of ${formatTao(feeRao)}`;
    throw new SubforgeError("BALANCE_TOO_LOW", { account: signer, balance: formatTao(balanceRao), needed });
  }
  return { action, call: callName(call), signer, effects, costRao, feeRao, balanceRao, balanceAfterRao };
}

function describePlan(plan: WritePlan): string[] {
  return [
    `plan     ${plan.action}`,
    ...plan.effects.map((effect) => `         ${effect}`),
    `signs    ${plan.signer}  ${plan.call}`,
    `pays     ${formatTao(plan.costRao)} and a fee of ${formatTao(plan.feeRao)}`,
    `balance  ${formatTao(plan.balanceRao)} → about ${formatTao(plan.balanceAfterRao)}`,
  ];
}

export type WriteArgs = { dryRun: boolean; yes: boolean; json: boolean };

/**
 * Print the plan, ask for a yes, sign, send and wait for the block.
 *
 * @param open - The key that signs: opened only after the yes.
 * @returns the block, or undefined with `--dry-run`, after which nothing was signed
 * @throws SubforgeError BALANCE_TOO_LOW, PLAN_DECLINED, and what `sendCall` throws
 */
export async function carryOut(
  intent: WriteIntent,
  args: WriteArgs,
  { chain, output, open }: { chain: OperatorChain; output: Output; open: () => Promise<ChainSigner> },
): Promise<{ plan: WritePlan; included: { block: number; extrinsicHash: string } | undefined }> {
  const plan = await planWrite(chain, intent);
  for (const line of describePlan(plan)) output.line(line);
  if (args.dryRun) {
    output.line("nothing was sent: --dry-run");
    return { plan, included: undefined };
  }
  await confirmPlan(plan.action, args);
  const { block, extrinsicHash } = await sendCall(chain, intent.call, await open());
  return { plan, included: { block, extrinsicHash } };
}

/** Ask for a yes. With `--json` nobody reads a question. @throws SubforgeError PLAN_DECLINED */
export async function confirmPlan(
  action: string,
  { yes, json }: Pick<WriteArgs, "yes" | "json">,
): Promise<void> {
  if (yes) return;
  const asked = hasTerminal() && !json;
  if (!asked || !(await askYesNo("do it?"))) throw new SubforgeError("PLAN_DECLINED", { action, asked });
}
