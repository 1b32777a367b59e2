/* Entry of a planner whose epochs have a second stage, which no subnet that ships has: `ENDPOINT NETUID DATA REDIS`. */
import { join } from "node:path";
import { openSubstrateChain } from "../../shared/chain/substrate-chain.ts";
import { systemClock } from "../../shared/clock.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { createLogger } from "../../shared/logger.ts";
import type { SubnetTemplate } from "../../shared/template.ts";
import hello from "../../subnets/hello/index.ts";
import { startValidator } from "../../validator/validator.ts";
import { armFromVariables } from "../arm-fail-point.ts";
import { DEV_KEYS } from "../dev/dev-subnet.ts";
import { onShutdown } from "../output.ts";

const one = hello as unknown as SubnetTemplate;

/** The same question is asked once more, a block after the answers. Its workers and miners notice no difference. */
const staged: SubnetTemplate = {
  ...one,
  planEpoch: (context, state) => ({
    ...one.planEpoch(context, state),
    later: [{ stage: "again", at: { afterStage: "ask", blocks: 1 } }],
  }),
  planStage: ({ stage }, _, transcripts) =>
    transcripts.slice(0, 1).map(({ job }) => ({ ...job, stage, taskId: `${job.taskId}-again` })),
};

const [endpoint = "", netuid = "", data = "", url = ""] = process.argv.slice(2);

if (process.env.SUBFORGE_FAIL_POINT) armFromVariables(process.env);
await keysReady();
const signal = onShutdown();
const logger = createLogger("planner", "warn");
const chain = await openSubstrateChain({ endpoint }, logger);
try {
  const config = staged.parseConfig({});
  const validator = await startValidator(
    {
      assignments: [{ netuid: Number(netuid), mechanism: 0, template: staged, config }],
      workers: 0,
      allowPrivate: true,
    },
    {
      ...{ chain, signer: Keypair.fromUri(DEV_KEYS.validatorHotkey), journalPath: join(data, "journal.db") },
      ...{ queue: { url, logger }, clock: systemClock, logger, signal },
      onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
    },
  );
  await validator.stopped;
} finally {
  await chain.close();
}
