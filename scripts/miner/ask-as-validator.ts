import { request } from "undici";
import { dtypeOf } from "../../miner/oip/datatypes.ts";
import { SubforgeError } from "../../shared/errors.ts";
import type { Keypair } from "../../shared/keys/keypair.ts";
import { bytesPerElement } from "../../shared/tensor.ts";
import type { Hotkey } from "../../shared/types.ts";
import { signRequest } from "../../shared/wire/btauth.ts";
import { createNonceSource } from "../../shared/wire/nonce.ts";
import { isRefusalCode } from "../../shared/wire/refusals.ts";
import { verifyReply } from "../../shared/wire/reply.ts";

/** A signed answer, checked. */
export type SignedAnswer = {
  /** What was asked, as a path. */
  target: string;
  /** 200, or 400 when the model wants another input than the zeros it was sent. */
  status: number;
  latencyMs: number;
  outputs: string[];
};

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 16 * 2 ** 20;
/** Of one input. An image of 1024 x 1024 in float32 is 12 MiB, and the miner's own limit is below that. */
const MAX_INPUT_BYTES = 8 * 2 ** 20;
/** A miner that just started refuses for some seconds, so that nothing is taken twice. */
const TRIES = 6;
const RETRY_MS = 1_000;
const REFUSED_FOR_NOW = new Set(["BTAUTH_WARMING_UP", "AXON_NOT_READY", "BTAUTH_STALE"]);

type Port = { name: string; datatype: string; shape: number[] };
type Metadata = { name: string; inputs: Port[]; outputs: Port[] };

/**
 * Asks the model behind an address for a row of zeros, signed, as any validator might, and believes only a signed answer.
 *
 * @param origin - `http://203.0.113.7:8091`
 * @throws SubforgeError MINER_ANSWER_WRONG with what went wrong on the way
 */
export async function askAsValidator(
  origin: string,
  { model, miner, caller }: { model: string; miner: Hotkey; caller: Keypair },
): Promise<SignedAnswer> {
  const wrong = (problem: string) => new SubforgeError("MINER_ANSWER_WRONG", { origin, problem });
  const metadata = await readMetadata(`${origin}/v2/models/${model}`, wrong);
  const target = `/v2/models/${model}/infer`;
  const question = zeroQuestion(metadata.inputs, wrong);
  const { body } = question;
  const nextNonce = createNonceSource();
  for (let tries = 1; ; tries += 1) {
    const nonce = nextNonce();
    const headers = signRequest({ signer: caller, receiver: miner, method: "POST", target, body, nonce });
    const startMs = performance.now();
    const reply = await call(
      origin + target,
      { method: "POST", headers: { ...question.headers, ...headers }, body },
      wrong,
    );
    const latencyMs = performance.now() - startMs;
    const code = reply.status === 200 ? undefined : refusalCode(reply.bytes);
    if (code !== undefined && REFUSED_FOR_NOW.has(code) && tries < TRIES) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      continue;
    }
    const signed = { status: reply.status, contentType: reply.contentType };
    const isSigned = verifyReply(
      { ...signed, headers: reply.headers, body: reply.bytes },
      { headers, method: "POST", target, body },
      miner,
    );
    if (code !== undefined && !isSigned) throw wrong(`it refuses with ${code}`);
    if (!isSigned) throw wrong(`its answer of status ${reply.status} is not signed by ${miner}`);
    if (reply.status !== 200 && reply.status !== 400) throw wrong(`it answers ${reply.status}, signed`);
    return { target, status: reply.status, latencyMs, outputs: metadata.outputs.map(({ name }) => name) };
  }
}

type Wrong = (problem: string) => SubforgeError;

async function readMetadata(url: string, wrong: Wrong): Promise<Metadata> {
  const { status, bytes } = await call(url, { method: "GET", headers: {} }, wrong);
  if (status !== 200) throw wrong(`${url} answers ${status}: is it a miner that serves this model?`);
  const isPort = (port: Port) =>
    typeof port?.name === "string" && typeof port.datatype === "string" && Array.isArray(port.shape);
  try {
    const metadata = JSON.parse(Buffer.from(bytes).toString("utf8")) as Metadata;
    if ([...metadata.inputs, ...metadata.outputs].every(isPort)) return metadata;
  } catch {
    // said below
  }
  throw wrong(`${url} does not say which inputs the model has`);
}

/**
 * One row of zeros for each input, where a request may choose a size 1: the numbers as bytes behind the JSON that names
 * them, because thousands of them are too much for JSON.
 */
function zeroQuestion(
  ports: readonly Port[],
  wrong: Wrong,
): { body: Buffer; headers: Record<string, string> } {
  const blocks: Buffer[] = [];
  const inputs = ports.map(({ name, datatype, shape }) => {
    const dtype = dtypeOf(datatype);
    if (!dtype) throw wrong(`input ${name} is of type ${datatype}, for which there is no zero`);
    const one = shape.map((size) => (Number.isInteger(size) && size > 0 ? size : 1));
    const bytes = one.reduce((product, size) => product * size, bytesPerElement(dtype));
    if (!(bytes <= MAX_INPUT_BYTES)) throw wrong(`a row of input ${name} is too large for a check`);
    blocks.push(Buffer.alloc(bytes));
    return { name, datatype, shape: one, parameters: { binary_data_size: bytes } };
  });
  const head = Buffer.from(JSON.stringify({ inputs }));
  return {
    body: Buffer.concat([head, ...blocks]),
    headers: {
      "content-type": "application/octet-stream",
      "inference-header-content-length": String(head.length),
    },
  };
}

type Call = { method: "GET" | "POST"; headers: Record<string, string>; body?: Uint8Array };

/** No redirects, one deadline, bounded. */
async function call(url: string, { method, headers, body }: Call, wrong: Wrong) {
  try {
    const response = await request(url, {
      method,
      headers,
      body: body ?? null,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) throw wrong(`it answers more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    const contentType = String(response.headers["content-type"]);
    const bytes = Uint8Array.from(Buffer.concat(chunks, length));
    return { status: response.statusCode, contentType, headers: response.headers, bytes };
  } catch (error) {
    if (error instanceof SubforgeError) throw error;
    const { code, name, message } = error as NodeJS.ErrnoException;
    throw wrong(name === "TimeoutError" ? "no answer in time" : (code ?? message));
  }
}

/** Of the body of a refusal; undefined when it is none of ours. */
function refusalCode(bytes: Uint8Array): string | undefined {
  try {
    const { code } = JSON.parse(Buffer.from(bytes).toString("utf8")) as { code?: unknown };
    return isRefusalCode(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
