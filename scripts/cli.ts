import { chainCommands } from "./commands/chain.ts";
import { create } from "./commands/create.ts";
import { dev } from "./commands/dev.ts";
import { doctor } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { gpuCommands } from "./commands/gpu.ts";
import { metadataCommands } from "./commands/metadata.ts";
import { metagraph } from "./commands/metagraph.ts";
import { minerCommands } from "./commands/miner.ts";
import { register } from "./commands/register.ts";
import { simCommands } from "./commands/sim.ts";
import { subnetCommands } from "./commands/subnet.ts";
import { taskCommands } from "./commands/task.ts";
import { validatorCommands } from "./commands/validator.ts";
import { walletCommands } from "./commands/wallet.ts";
import type { AnyCommand, CommandGroup } from "./options.ts";

/** Every command, in the order of --help. */
export const COMMANDS: readonly (AnyCommand | CommandGroup)[] = [
  dev,
  create,
  taskCommands,
  chainCommands,
  minerCommands,
  gpuCommands,
  validatorCommands,
  simCommands,
  subnetCommands,
  metagraph,
  register,
  walletCommands,
  metadataCommands,
  doctor,
  explainCommand,
];
