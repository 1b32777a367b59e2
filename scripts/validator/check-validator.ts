import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { silentLogger } from "../../shared/logger.ts";
import type { Hotkey, Netuid } from "../../shared/types.ts";
import { type Finding, fromError, ok, orMissing, printFindings } from "../finding.ts";
import { loadSigner, type WalletArgs } from "../load-signer.ts";
import { judgeClock, readTimeSources } from "../miner/check-clock.ts";
import { assertDevKeyAllowed, chainAt } from "../networks.ts";
import { queueUrl } from "../options.ts";
import { createOutput } from "../output.ts";
import { loadTemplate } from "../template-folder/load-template.ts";
import { checkEndpoints, checkHotkey, checkRuntime, checkSubnet } from "./check-chain.ts";
import { checkColdkey, checkJournal, checkRedis, checkWorkers } from "./check-host.ts";

/** What is validated: subnet, mechanism, and by which template. */
export type CheckedSubnet = { netuid: Netuid; mechanism: number; template: string; config: unknown };

/** The parsed flags of `subforge validator check`. */
export type CheckValidatorArgs = WalletArgs & {
  json: boolean;
  network: string;
  subnets: readonly CheckedSubnet[];
  queue: string | undefined;
  queuePrivateNetwork: boolean;
  workers: number;
  data: string;
};

const CHAIN_TIMEOUT_MS = 5_000;

/** Looks at everything a validator needs, one finding each, and changes nothing. */
export async function checkValidator(args: CheckValidatorArgs): Promise<void> {
  const at = chainAt(args.network);
  const [wallet, coldkey, endpoints, clock, templates] = await Promise.all([
    openWallet(args),
    checkColdkey(args),
    checkEndpoints(at.endpoint, at.genesis),
    readTimeSources(at.endpoint).then((sources) => judgeClock(sources, Date.now())),
    Promise.all(args.subnets.map(checkTemplate)),
  ]);
  const { hotkey } = wallet;
  const chain = endpoints[0]?.state === "missing" ? undefined : await checkChain(args, hotkey);
  const queue = { queue: queueUrl(args), queuePrivateNetwork: args.queuePrivateNetwork };
  const [redis, journal, workers] = await Promise.all([
    checkRedis(queue),
    checkJournal(args.data, { genesis: chain?.genesis, hotkey }),
    checkWorkers({ ...queue, workers: args.workers }),
  ]);
  const { skew: _skew, ...clockFinding } = clock;
  printFindings(
    [
      ...endpoints,
      ...(chain?.findings ?? []),
      ...[wallet.finding, ...coldkey, ...templates],
      ...[redis, workers, ...journal, clockFinding],
    ],
    createOutput(args),
  );
}

async function openWallet(args: WalletArgs): Promise<{ finding: Finding; hotkey: Hotkey | undefined }> {
  try {
    const { address: hotkey } = await loadSigner(args);
    return { finding: ok("wallet", `opens: ${hotkey}`), hotkey };
  } catch (error) {
    return { finding: fromError("wallet", error), hotkey: undefined };
  }
}

/** Does the template exist, and does it take this configuration? */
async function checkTemplate({ template: name, config, ...subject }: CheckedSubnet): Promise<Finding> {
  return orMissing(`template ${name}`, async () => {
    const template = await loadTemplate(name);
    template.parseConfig(config);
    return `version ${template.version}, configuration valid, for netuid ${subject.netuid}, mechanism ${subject.mechanism}`;
  });
}

async function checkChain(
  args: CheckValidatorArgs,
  hotkey: Hotkey | undefined,
): Promise<{ genesis: string | undefined; findings: Finding[] }> {
  const at = chainAt(args.network);
  const findings: Finding[] = [];
  let genesis: string | undefined;
  try {
    const chain = await openSubstrateChain({ ...at, timeoutMs: CHAIN_TIMEOUT_MS }, silentLogger);
    try {
      genesis = chain.identity.genesis;
      if (args.devKey !== undefined) assertDevKeyAllowed(genesis, ...at.endpoint);
      findings.push(checkRuntime(chain));
      for (const { netuid, mechanism } of args.subnets) {
        try {
          const [rules, info, metagraph] = await Promise.all([
            chain.subnetRules(netuid),
            chain.subnetInfo(netuid),
            chain.metagraph(netuid),
          ]);
          findings.push(checkSubnet(rules, info, mechanism));
          if (hotkey !== undefined) findings.push(checkHotkey(metagraph, hotkey, rules));
        } catch (error) {
          findings.push(fromError(`subnet ${netuid}`, error));
        }
      }
    } finally {
      await chain.close();
    }
  } catch (error) {
    findings.push(fromError("chain", error));
  }
  return { genesis, findings };
}
