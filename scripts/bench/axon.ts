import { createServer } from "node:net";
import { join } from "node:path";
import { SubforgeError } from "../../shared/errors.ts";
import { Keypair, keysReady } from "../../shared/keys/keypair.ts";
import { packageRoot, processEntry } from "../../shared/process-entry.ts";
import { pythonEnv } from "../interop/python-env.ts";
import { btauthRequest, LARGE, messageBody, rawRequest, SMALL, v10Request } from "./axon-requests.ts";
import { type BenchCase, compareCosts, type Round } from "./bench-case.ts";
import { type BenchPart, startPart } from "./bench-part.ts";
import { httpLoad, type LoadResult, quantile } from "./http-load.ts";

const ROUNDS = 9;
/** Served in one round: enough for hundredths of a second of CPU time to say something. */
const SMALL_REQUESTS = 3_000;
const PYTHON_REQUESTS = 64;
/** Where two servers of ours or Fastify are compared: until their code is compiled, neither shows what it costs. */
const UNSIGNED_REQUESTS = 10_000;
const LARGE_REQUESTS = 300;
/** Until the garbage collector has settled on how often it goes through a small heap for bodies of this size. */
const LARGE_WARM_REQUESTS = 1_500;
const CONNECTIONS = 32;
/** Servers have one core, and whoever asks them has another. */
const SERVER_CORE = 0;
const MODEL = "subnets/inference/models/shapes-95.onnx";

type Served = LoadResult & { msCpu: number };
type Server = BenchPart<{ port: number }>;

/** What an axon costs per request, in CPU time of all its processes, against its peers in the same rounds. */
export async function benchAxon(): Promise<BenchCase[]> {
  await keysReady();
  return [...(await benchModel()), ...(await benchUnsigned()), ...(await benchTensors())];
}

/** Signed small questions to a small model: against Python's axon, and against verification alone. */
async function benchModel(): Promise<BenchCase[]> {
  const [alice, bob] = [Keypair.fromUri("//Alice"), Keypair.fromUri("//Bob")];
  const model = join(packageRoot(), MODEL);
  const python = await startPython(model);
  const axon = await startServer("model", model);
  const verifier = await startServer("verify");
  const rounds: Record<"python" | "p99" | "verify", Round[]> = { python: [], p99: [], verify: [] };
  try {
    const small = messageBody(SMALL, "binary");
    const ours = () => btauthRequest(alice, bob.address, "/bench/ask", small);
    const theirs = () => v10Request(alice, bob.address, "Shapes", python.ready.port);
    await serve(axon, SMALL_REQUESTS / 2, ours); // compilers, tables
    await serve(python, PYTHON_REQUESTS / 2, theirs);
    for (let round = 0; round < ROUNDS; round += 1) {
      const us = await serve(axon, SMALL_REQUESTS, ours);
      const them = await serve(python, PYTHON_REQUESTS, theirs);
      const verification = await verifyAlone(verifier);
      rounds.python.push({ ours: us.msCpu, peer: them.msCpu });
      rounds.p99.push({ ours: quantile(us.latenciesMs, 0.99), peer: quantile(them.latenciesMs, 0.99) });
      rounds.verify.push({ ours: us.msCpu, peer: verification });
    }
  } finally {
    await Promise.all([axon.stop(), python.stop(), verifier.stop()]);
  }
  return [
    compareCosts("(a) signed small request and MLP, peer: Python 10.2 axon", "ms CPU", 10, rounds.python),
    compareCosts(`(a) p99, ${CONNECTIONS} callers at once, peer: the same`, "ms", 3, rounds.p99),
    compareCosts("(a) the same, peer: wasm-crypto verifying alone", "ms CPU", 0.75, rounds.verify),
  ];
}

/** What is not signatures, against a server without any checks. */
async function benchUnsigned(): Promise<BenchCase[]> {
  const [axon, peer] = [await startServer("unsigned"), await startServer("fastify")];
  const rounds: Round[] = [];
  try {
    const signer = { address: Keypair.fromUri("//Alice").address, sign: () => new Uint8Array(64) }; // nobody looks
    const receiver = Keypair.fromUri("//Bob").address;
    const body = { body: Buffer.from(JSON.stringify({ text: "x".repeat(1_000) })), type: "application/json" };
    const ours = () => btauthRequest(signer, receiver, "/bench/ask", body);
    const theirs = () => rawRequest("/bench/ask", { "content-type": body.type }, body.body);
    for (const server of [axon, peer])
      await serve(server, UNSIGNED_REQUESTS, server === axon ? ours : theirs);
    for (let round = 0; round < ROUNDS; round += 1) {
      const us = await serve(axon, UNSIGNED_REQUESTS, ours);
      const them = await serve(peer, UNSIGNED_REQUESTS, theirs);
      rounds.push({ ours: us.msCpu, peer: them.msCpu });
    }
  } finally {
    await Promise.all([axon.stop(), peer.stop()]);
  }
  return [compareCosts("(b) 1 KB without signatures, peer: bare Fastify", "ms CPU", 0.7, rounds)];
}

/**
 * 600 KB of numbers in two forms: what the form costs, and what is left of it beside the digest that both pay. Each form
 * has a server of its own: what one leaves to the garbage collector must not count for the other.
 */
async function benchTensors(): Promise<BenchCase[]> {
  const [alice, bob] = [Keypair.fromUri("//Alice"), Keypair.fromUri("//Bob")];
  const [binary, json] = [messageBody(LARGE, "binary"), messageBody(LARGE, "json")];
  const cost = async (axon: Server, form: typeof binary, count = LARGE_REQUESTS) =>
    (await serve(axon, count, () => btauthRequest(alice, bob.address, "/bench/ask", form))).msCpu;
  const compare = async (protocol: "unsigned" | "signed"): Promise<Round[]> => {
    const [ours, peer] = [await startServer("tensors", protocol), await startServer("tensors", protocol)];
    const rounds: Round[] = [];
    try {
      await cost(ours, binary, LARGE_WARM_REQUESTS);
      await cost(peer, json, LARGE_WARM_REQUESTS);
      for (let round = 0; round < ROUNDS; round += 1)
        rounds.push({ ours: await cost(ours, binary), peer: await cost(peer, json) });
    } finally {
      await Promise.all([ours.stop(), peer.stop()]);
    }
    return rounds;
  };
  const [what, besideDigest] = [
    "(c) 600 KB tensor as binary, peer: base64 in JSON",
    "(c) the same, both with the digest of a signature",
  ];
  return [
    compareCosts(what, "ms CPU", 4, await compare("unsigned")),
    compareCosts(besideDigest, "ms CPU", 2, await compare("signed")),
  ];
}

/** Requests are signed just before: they are good for ten seconds. */
async function serve(server: Server, count: number, request: () => Uint8Array): Promise<Served> {
  const requests = Array.from({ length: count }, request);
  const before = server.cpuMs();
  const result = await httpLoad(server.ready.port, requests, CONNECTIONS);
  if (result.refused > 0) {
    throw new SubforgeError("BENCH_USAGE", {
      problem: `${result.refused} of ${count} requests were refused`,
    });
  }
  return { ...result, msCpu: (server.cpuMs() - before) / count };
}

/** @returns Milliseconds of CPU per signature. */
async function verifyAlone(verifier: Server): Promise<number> {
  verifier.say("\n");
  return 1_000 / (JSON.parse(await verifier.nextLine()) as { perSecond: number }).perSecond;
}

function startServer(name: string, ...words: string[]): Promise<Server> {
  return startPart([process.execPath, processEntry("bench-axon"), name, ...words], { core: SERVER_CORE });
}

async function startPython(model: string): Promise<Server> {
  const { python } = await pythonEnv("axon10", { onProgress: (line) => process.stderr.write(`${line}\n`) });
  const script = join(packageRoot(), "scripts", "bench", "axon10.py");
  return startPart([python, script, model, String(await freePort()), "//Bob"], { core: SERVER_CORE });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
