import type { InteropChain } from "./interop-chain.ts";
import type { PythonEnv } from "./python-env.ts";
import { type ClientSteps, STEPS } from "./steps.ts";
import type { WalletFolder } from "./wallet-folder.ts";

export function btcliSteps(
  _env: PythonEnv,
  _environment: NodeJS.ProcessEnv,
  _world: InteropChain,
  _wallets: WalletFolder,
  _signal: AbortSignal,
): ClientSteps {
  return Object.fromEntries(Object.keys(STEPS).map((s) => [s, { missing: "x" }])) as unknown as ClientSteps;
}
