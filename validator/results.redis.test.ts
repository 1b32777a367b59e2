import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../shared/clock.ts";
import { toHex } from "../shared/keys/key-forms.ts";
import { Keypair } from "../shared/keys/keypair.ts";
import { silentLogger } from "../shared/logger.ts";
import { feedStatement, type SignedFeedPoint, verifyFeedPoint } from "../shared/rules/feed-point.ts";
import { minersOf, toUidWeights } from "../shared/rules/participants.ts";
import { type ResultSignature, verifyResult } from "../shared/rules/result-digest.ts";
import type { ChainValue, Message, PublishedResult, SubnetTemplate } from "../shared/template.ts";
import { startResultsServer } from "./results/results-server.ts";
import { honest, startNet, useTestBench } from "./test-validator.test-kit.ts";
import { readFeed } from "./truth/read-feed.ts";

const bench = useTestBench();

describe("what a template says to consumers", () => {
  it("is made of truths of the chain and of a signed feed, signed once by the hotkey, and served without a key", async () => {
    const path = join(bench.folder, "feed.jsonl");
    writeFileSync(path, [5, 10, 15].map((time) => `${JSON.stringify(point(time))}\n`).join(""));
    const reading = { places: new Map([["btc", path]]), policy: { allowPrivate: false } };
    const net = await startNet(bench, {
      template: quoting,
      miners: [honest],
      readFeed: (of, signal) => readFeed(of, reading, signal),
    });
    const signed = await net.until("result.signed");
    const { epoch } = signed;
    expect(signed).toMatchObject({ topic: "2-0-price", nonce: epoch });
    const { genesis } = net.chain.identity;
    const server = await startResultsServer(
      { journalPath: net.journalPath, host: "127.0.0.1", port: 0 },
      { clock: systemClock, logger: silentLogger, signal: new AbortController().signal },
    );
    const get = async (nonce: number) => (await fetch(`${server.url}/topics/2-0-price/${nonce}`)).json();
    const served = (await get(epoch)) as Served;
    const { block, price, feed } = served.facts;
    const hash = (await net.chain.blockHash(block))!;
    expect(price).toBe(await net.chain.valueAt({ kind: "pool-tao" }, hash));
    expect(feed).toBe(10);
    const { netuid, topic, value, ci, validUntil, nonce } = served;
    const [by, ...others] = served.signatures;
    expect(others).toEqual([]);
    expect(by!.signer).toBe(bench.validatorKey.address);
    expect(verifyResult(genesis, { netuid, topic, epoch, value, ci, validUntil, nonce }, by!)).toBe(true);
    expect(validUntil).toBe(block + 3 * net.chain.tempo);

    await net.restartPlanner(); // with it, the state goes on, and so do nonces
    const next = await net.until("result.signed", (event) => event.epoch > epoch);
    expect(next.nonce).toBe(next.epoch);
    expect(await get(epoch)).toEqual(served);
    expect(net.seen("result.signed").filter((event) => event.epoch === epoch)).toHaveLength(1);
    await server.close();
  });

  it("is signed by nobody while the validator only watches", async () => {
    const net = await startNet(bench, { template: watched, miners: [honest], shadow: true });
    await net.until("weights.shadow", ({ would }) => would !== null);
    expect(net.seen("result.signed")).toEqual([]);
  });
});

type Served = {
  netuid: number;
  topic: string;
  epoch: number;
  value: number;
  ci: PublishedResult["ci"];
  validUntil: number;
  nonce: number;
  signatures: ResultSignature[];
  facts: { block: number; price: number; feed: number };
};

function point(time: number): SignedFeedPoint {
  const of = { time, value: time };
  return { ...of, signature: toHex(Keypair.fromUri("//Feed").sign(feedStatement("btc", of))) };
}

const plain = { timeoutMs: 2_000, parseTruth: (message: Message) => message };

/** Miners say hello; the value comes from sources. */
const quoting: SubnetTemplate = {
  ...{ id: "quoting", version: "1", parseConfig: () => ({}), agents: [], initialState: () => ({}) },
  synapses: {
    hello: {
      ...{ timeoutMs: 2_000, maxRequestBytes: 512, maxResponseBytes: 512 },
      ...{ createRequest: () => ({}), parseRequest: (m) => m, parseResponse: (m) => m },
      answer: async () => ({ hello: true }),
    },
  },
  sources: {
    chain: { ...plain, chain: (task) => task as ChainValue },
    feed: {
      ...plain,
      feed: (task) => task as { feed: string; time: number },
      parseTruth: (message) => {
        const signer = Keypair.fromUri("//Feed").address;
        if (!verifyFeedPoint("btc", message as SignedFeedPoint, signer)) throw new Error("not its signature");
        return message;
      },
    },
  },
  planEpoch: (context) => {
    const { netuid, startBlock: block } = context;
    const ask = {
      stage: "ask",
      to: minersOf(context),
      synapse: "hello",
      task: null,
    };
    const price = { kind: "pool-tao", netuid, block };
    return {
      jobs: [
        { ...ask, taskId: "hello" },
        { stage: "ask", taskId: "chain", synapse: "chain", to: "source", task: price },
        { stage: "ask", taskId: "feed", synapse: "feed", to: "source", task: { feed: "btc", time: 6 } },
      ],
    };
  },
  scoreEpoch: (context, transcripts) => {
    const truth = (name: string) => {
      const answer = transcripts.find(({ job }) => job.synapse === name)?.answers.get("source");
      return answer?.ok ? (answer.response as { value: number; block: number }) : { value: 0, block: 0 };
    };
    const raw = new Map(minersOf(context).map((hotkey) => [hotkey, { score: 1, reason: "ok" as const }]));
    const { value: price, block } = truth("chain");
    return { raw, evidence: [], state: { price, block, feed: truth("feed").value } };
  },
  toWeights: (_, context) =>
    toUidWeights(context.participants, new Map(minersOf(context).map((hotkey) => [hotkey, 1]))),
  publish: (state, { epoch: nonce }) => {
    const facts = state as { price: number };
    return { price: { nonce, value: facts.price, ci: bandOf(facts.price), facts } };
  },
};

function bandOf(value: number): PublishedResult["ci"] {
  return [value - 2, value - 1, value + 1, value + 2];
}

/** Without sources. */
const watched: SubnetTemplate = {
  ...quoting,
  id: "watched",
  planEpoch: (context, state) => ({ jobs: quoting.planEpoch(context, state).jobs.slice(0, 1) }),
};
