import { once } from "node:events";
import { z } from "zod";
import { systemClock } from "../shared/clock.ts";
import { isSubforgeError, SubforgeError } from "../shared/errors.ts";
import { Keypair, keysReady } from "../shared/keys/keypair.ts";
import { Secret } from "../shared/keys/secret.ts";
import { createLogger, type Logger, type LogLevel } from "../shared/logger.ts";
import {
  type Announcement,
  type FoundAnnouncement,
  findAnnouncements,
  scopeOf,
} from "../shared/queue/announcement.ts";
import type { ConnectOptions } from "../shared/queue/connection.ts";
import { queueKeyPurpose } from "../shared/queue/queues.ts";
import type { SubnetTemplate } from "../shared/template.ts";
import type { Hotkey } from "../shared/types.ts";
import { startWorker } from "../validator/worker.ts";
import type { WorkerMeter } from "../validator/worker-metrics.ts";
import { type AddressArgs, addressRules } from "./address-options.ts";
import { loadSigner, type WalletArgs } from "./load-signer.ts";
import { publicNetwork } from "./networks.ts";
import { isTraced, queueUrl, walletOptions } from "./options.ts";
import { loadTemplate, loadTemplates } from "./template-folder/load-template.ts";
import { isTemplatePath } from "./template-folder/template-path.ts";
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
  /** Id, or path of a template that does not ship with subforge. */
  template: string | undefined;
  /** From the validator that started it: compiled templates. */
  templateFile: readonly string[] | undefined;
  concurrency: number;
  queuePrivateNetwork: boolean;
  trace: boolean | undefined;
  supervised: boolean;
} & AddressArgs &
  Omit<WatchArgs, "logLevel">;

/** Between two looks for a validator on this Redis, and for more of its subnets once one was found. */
const LOOK_INTERVAL_MS = 1_000;
const SERVING_INTERVAL_MS = 5_000;

/** How long a parent may take to say which queue. */
const ASSIGNMENT_TIMEOUT_MS = 10_000;

const DEV_ACCOUNTS = ["//Alice", "//Bob", "//Charlie", "//Dave", "//Eve", "//Ferdie"];

/** `secret`: the password of the keyfile, base64, when the parent had to ask for it. */
const assignmentSchema = z.object({ queue: z.string(), genesis: z.string(), secret: z.base64().optional() });

/**
 * Finds the validator on a Redis, loads its key, and works for all its subnets until it is told to stop.
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
  const { of: templateOf, filter: template } = await knownTemplates(args);
  const named = hasNamedKey(args)
    ? await loadSigner({ ...walletArgs(args), password: assigned?.password })
    : undefined;
  if (named && !args.supervised) watchWallet(walletArgs(args), { logger, signal }); // else the parent does
  const ended = new AbortController();
  const serving = AbortSignal.any([signal, ended.signal]);
  const serve = async (signer: Keypair, announcement: Announcement) =>
    startWorker(
      {
        scope: scopeOf(announcement),
        concurrency: args.concurrency,
        allowPrivate: announcement.allowPrivate && publicNetwork(announcement.genesis) === undefined,
        protocol: announcement.protocol,
        ...addresses,
      },
      { template: await templateOf(announcement), signer, connect, logger, meter, signal: serving },
    );
  const choice = { ...args, template, genesis: assigned?.genesis, validator: named?.address };
  await serveAll(choice, { connect, named, serve, ended, signal: serving });
}

/** Which of the announcements on a Redis are for this worker. */
type Choice = Pick<RunWorkerArgs, "netuid" | "template" | "supervised"> & {
  genesis: string | undefined;
  validator: Hotkey | undefined;
};

/**
 * Works for every subnet and template that one validator announces, also for those it announces later. A validator may start
 * after its workers, and come back after a crash.
 */
async function serveAll(
  choice: Choice,
  deps: {
    connect: ConnectOptions;
    named: Keypair | undefined;
    serve(signer: Keypair, announcement: Announcement): Promise<void>;
    ended: AbortController;
    signal: AbortSignal;
  },
): Promise<void> {
  const { connect, named, ended, signal } = deps;
  const { logger } = connect;
  const known = new Set<string>();
  const running: Promise<void>[] = [];
  let whose: Choice = choice;
  let failure: { error: unknown } | undefined;
  let isTold = false;
  while (!signal.aborted) {
    for (const { claimed, verify } of await lookForValidator(whose, connect, running.length > 0)) {
      const place = `${claimed.netuid}/${claimed.template}`;
      if (known.has(place)) continue;
      known.add(place);
      const signer = named ?? devSigner(claimed);
      try {
        const announcement = verify(signer.deriveSecret(queueKeyPurpose(scopeOf(claimed))));
        whose = { ...whose, genesis: announcement.genesis, validator: announcement.validator };
        const work = deps.serve(signer, announcement).catch((error: unknown) => {
          failure ??= { error };
          ended.abort();
        });
        running.push(work);
      } catch (error) {
        if (!isSubforgeError(error, "QUEUE_JOB_TAMPERED")) throw error;
        logger.error("worker.announcement-refused", { reason: error.message }); // somebody else wrote it
      }
    }
    if (running.length === 0 && !isTold) {
      logger.info("worker.waiting", { for: "a validator to announce itself" });
      isTold = true;
    }
    await systemClock.sleep(running.length > 0 ? SERVING_INTERVAL_MS : LOOK_INTERVAL_MS, signal);
  }
  await Promise.all(running);
  if (failure) throw failure.error;
}

/**
 * @throws SubforgeError WORKER_AMBIGUOUS for announcements of more than one validator, WORKER_WALLET for those of others
 * alone
 */
async function lookForValidator(
  { netuid, template, supervised, genesis, validator }: Choice,
  connect: ConnectOptions,
  isServing: boolean,
): Promise<FoundAnnouncement[]> {
  const { debug, ...aloud } = connect.logger;
  const quiet = { ...aloud, debug, info: debug }; // each look is a connection of its own
  const all = await findAnnouncements({ ...connect, logger: quiet }).catch((error: unknown) => {
    if (isServing && isSubforgeError(error, "QUEUE_UNREACHABLE")) return []; // the next look finds it again
    throw error;
  });
  const meant = all.filter(
    ({ claimed }) =>
      (netuid === undefined || claimed.netuid === netuid) &&
      (template === undefined || claimed.template === template) &&
      (genesis === undefined || claimed.genesis === genesis),
  );
  const found = meant.filter(({ claimed }) => validator === undefined || claimed.validator === validator);
  const others = meant[0]?.claimed.validator;
  if (found.length === 0 && others !== undefined && validator !== undefined && !supervised && !isServing) {
    throw new SubforgeError("WORKER_WALLET", { hotkey: others, found: validator });
  }
  if (new Set(found.map(({ claimed }) => `${claimed.genesis}/${claimed.validator}`)).size > 1) {
    const known = found.map(({ claimed }) => `--netuid ${claimed.netuid} --template ${claimed.template}`);
    throw new SubforgeError("WORKER_AMBIGUOUS", { known });
  }
  return found;
}

/** On a development chain, the development key with that address. */
function devSigner({ validator: hotkey, genesis }: Announcement): Keypair {
  const account =
    publicNetwork(genesis) === undefined
      ? DEV_ACCOUNTS.map((uri) => Keypair.fromUri(uri)).find(({ address }) => address === hotkey)
      : undefined;
  if (account) return account;
  throw new SubforgeError("WORKER_WALLET", { hotkey, found: undefined });
}

/**
 * Templates as announcements name them, and the id of the one that `--template` means.
 *
 * @throws SubforgeError TEMPLATE_NOT_FOUND, TEMPLATE_SYNTAX, TEMPLATE_INVALID
 */
async function knownTemplates({ template, templateFile = [] }: RunWorkerArgs) {
  const path = template !== undefined && isTemplatePath(template) ? template : undefined;
  const own = path === undefined ? undefined : await loadTemplate(path);
  const byId = await loadTemplates(templateFile);
  const of = async ({ template: id, netuid }: Announcement): Promise<SubnetTemplate> => {
    if (own?.id === id) return own;
    return byId(id).catch((error: unknown) => {
      if (!isSubforgeError(error, "SUBNET_UNKNOWN")) throw error;
      throw new SubforgeError("WORKER_TEMPLATE_MISSING", { template: id, netuid }, { cause: error });
    });
  };
  return { of, filter: own?.id ?? template };
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
async function assignment(): Promise<{ queue: string; genesis: string; password: Secret | undefined }> {
  const [message] = await once(process, "message", { signal: AbortSignal.timeout(ASSIGNMENT_TIMEOUT_MS) });
  const { queue, genesis, secret } = assignmentSchema.parse(message);
  return { queue, genesis, password: secret ? new Secret(Buffer.from(secret, "base64")) : undefined };
}
