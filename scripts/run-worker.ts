import { once } from "node:events";
import { z } from "zod";
import { systemClock } from "../shared/clock.ts";
import { SubforgeError } from "../shared/errors.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { Secret } from "../shared/keys/secret.ts";
import { createLogger, type Logger, type LogLevel } from "../shared/logger.ts";
import { type FoundAnnouncement, findAnnouncements, scopeOf } from "../shared/queue/announcement.ts";
import type { ConnectOptions } from "../shared/queue/connection.ts";
import { queueKeyPurpose } from "../shared/queue/queues.ts";
import type { Hotkey } from "../shared/types.ts";
import { loadSubnet } from "../subnets/registry.ts";
import { startWorker } from "../validator/worker.ts";
import type { WorkerMeter } from "../validator/worker-metrics.ts";
import { type AddressArgs, addressRules } from "./address-options.ts";
import { loadSigner, type WalletArgs } from "./load-signer.ts";
import { publicNetwork } from "./networks.ts";
import { isTraced, queueUrl, walletOptions } from "./options.ts";
import type { WatchArgs } from "./watch-validator.ts";
import { watchWallet } from "./watch-wallet.ts";
import { watchWorker } from "./watch-worker.ts";

/** The parsed flags of `subforge validator worker`. */
export type RunWorkerArgs = {
  logLevel: LogLevel;
  wallet: string | undefined;
  hotkey: string | undefined;
  walletPath: string | undefined;
  passwordFile: string | undefined;
  passwordFd: number | undefined;
  allowUnsafeKeyfile: boolean;
  devKey: string | undefined;
  queue: string | undefined;
  netuid: number | undefined;
  template: string | undefined;
  concurrency: number;
  queuePrivateNetwork: boolean;
  trace: boolean | undefined;
  supervised: boolean;
} & AddressArgs &
  Omit<WatchArgs, "logLevel">;

/** Between two looks for a validator on this Redis. */
const LOOK_INTERVAL_MS = 1_000;

/** How long a parent may take to say which queue. */
const ASSIGNMENT_TIMEOUT_MS = 10_000;

const DEV_ACCOUNTS = ["//Alice", "//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie"];

/** `secret`: the password of the keyfile, base64, when the parent had to ask for it. */
const assignmentSchema = z.object({ queue: z.string(), secret: z.base64().optional() });

/**
 * Finds the validator on a Redis, loads its key, and works for it until it is told to stop.
 *
 * @throws SubforgeError WORKER_QUEUE_NEEDED, WORKER_AMBIGUOUS, WORKER_WALLET, and what `loadSigner` and `startWorker`
 * throw
 */
export async function runWorker(args: RunWorkerArgs, shutdown: AbortSignal): Promise<void> {
  const logger = createLogger("worker", args.logLevel);
  const parentGone = new AbortController();
  const signal = AbortSignal.any([shutdown, parentGone.signal]);
  if (args.supervised) process.once("disconnect", () => parentGone.abort());
  const watch = await watchWorker(args, { logger, signal });
  try {
    await work(args, watch.metrics, { logger, signal });
  } finally {
    await watch.close();
  }
}

async function work(
  args: RunWorkerArgs,
  meter: WorkerMeter,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<void> {
  const addresses = addressRules(args);
  const assigned = args.supervised ? await assignment() : undefined;
  const url = assigned?.queue ?? queueUrl(args);
  if (url === undefined) throw new SubforgeError("WORKER_QUEUE_NEEDED", {});
  await keysReady();

  const connect: ConnectOptions = {
    url,
    privateNetwork: args.queuePrivateNetwork,
    trace: isTraced(args),
    logger,
  };
  const found = await waitForValidator(args, connect, signal);
  if (!found) return; // told to stop before one came
  const { claimed } = found;
  const signer = await signerFor(claimed.validator, claimed.genesis, args, assigned?.password);
  if (hasNamedKey(args) && !args.supervised) watchWallet(walletArgs(args), { logger, signal }); // else the parent does
  const announcement = found.verify(signer.deriveSecret(queueKeyPurpose(scopeOf(claimed))));
  const template = await loadSubnet(announcement.template);
  await startWorker(
    {
      scope: scopeOf(announcement),
      concurrency: args.concurrency,
      allowPrivate: announcement.allowPrivate && publicNetwork(announcement.genesis) === undefined,
      protocol: announcement.protocol,
      ...addresses,
    },
    { template, signer, connect, logger, meter, signal },
  );
}

/** A validator may start after its workers, and come back after a crash. */
async function waitForValidator(
  args: RunWorkerArgs,
  connect: ConnectOptions,
  signal: AbortSignal,
): Promise<FoundAnnouncement | undefined> {
  let first = true;
  while (!signal.aborted) {
    const found = (await findAnnouncements(connect)).filter(
      ({ claimed }) =>
        (args.netuid === undefined || claimed.netuid === args.netuid) &&
        (args.template === undefined || claimed.template === args.template),
    );
    if (found.length > 1) {
      const known = found.map(({ claimed }) => `--netuid ${claimed.netuid} --template ${claimed.template}`);
      throw new SubforgeError("WORKER_AMBIGUOUS", { known });
    }
    if (found[0]) return found[0];
    if (first) connect.logger.info("worker.waiting", { for: "a validator to announce itself" });
    first = false;
    await systemClock.sleep(LOOK_INTERVAL_MS, signal);
  }
  return undefined;
}

/** The wallet that was named; else, on a development chain, the development key with that address. */
async function signerFor(
  hotkey: Hotkey,
  genesis: string,
  args: RunWorkerArgs,
  password: Secret | undefined,
): Promise<Keypair> {
  if (hasNamedKey(args)) {
    const signer = await loadSigner({ ...walletArgs(args), password });
    if (signer.address === hotkey) return signer;
    throw new SubforgeError("WORKER_WALLET", { hotkey, found: signer.address });
  }
  const account =
    publicNetwork(genesis) === undefined
      ? DEV_ACCOUNTS.map((uri) => Keypair.fromUri(uri)).find(({ address }) => address === hotkey)
      : undefined;
  if (account) return account;
  throw new SubforgeError("WORKER_WALLET", { hotkey, found: undefined });
}

function hasNamedKey({ wallet, hotkey, walletPath, devKey }: RunWorkerArgs): boolean {
  return [wallet, hotkey, walletPath, devKey].some((flag) => flag !== undefined);
}

function walletArgs(args: RunWorkerArgs): WalletArgs {
  return {
    wallet: args.wallet ?? walletOptions.wallet.default,
    hotkey: args.hotkey ?? walletOptions.hotkey.default,
    walletPath: args.walletPath ?? walletOptions["wallet-path"].default,
    passwordFile: args.passwordFile,
    passwordFd: args.passwordFd,
    allowUnsafeKeyfile: args.allowUnsafeKeyfile,
    devKey: args.devKey,
  };
}

/** Over the channel between parent and child: an address may hold a password, and a keyfile may need one. */
async function assignment(): Promise<{ queue: string; password: Secret | undefined }> {
  const [message] = await once(process, "message", { signal: AbortSignal.timeout(ASSIGNMENT_TIMEOUT_MS) });
  const { queue, secret } = assignmentSchema.parse(message);
  return { queue, password: secret ? new Secret(Buffer.from(secret, "base64")) : undefined };
}
