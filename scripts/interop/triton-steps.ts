import { verifyReply } from "../../shared/wire/reply.ts";
import { DEV_KEYS } from "../dev/dev-subnet.ts";
import { FLOATS, INTEGERS, type InferenceWorld } from "./inference-world.ts";
import { expect, StepFailure } from "./outcome.ts";
import type { PythonSession } from "./python-session.ts";

/** What a user of a Triton or KServe client does, and at the end the same with a signature. */
export const TRITON_STEPS = {
  live: "server is live and ready",
  modelReady: "models are ready, unknown ones are not",
  serverMetadata: "metadata of the server",
  modelMetadata: "metadata of a model, with and without version",
  modelConfig: "configuration of a model",
  repositoryIndex: "list of models",
  floatsJson: "infer fp32 in JSON",
  floatsBinary: "infer fp32 in binary",
  integersJson: "infer int64 in JSON",
  integersBinary: "infer int64 in binary",
  batch: "infer a batch of 8",
  concurrent: "infer 16 at the same time",
  outputs: "choose an output, in binary and in JSON",
  bytesRefused: "bytes are refused as documented",
  shapeRefused: "a wrong shape raises",
  dtypeRefused: "a wrong type raises",
  namesRefused: "unknown models, inputs and outputs raise",
  largeRefused: "many numbers in JSON raise, with advice",
  unsignedRefused: "the public port refuses the unsigned",
  signed: "the public port answers the signed, and signs its answer",
} as const;

export type TritonStep = keyof typeof TRITON_STEPS;

const STEP_TIMEOUT_MS = 60_000;
const ROW = { rows: 1, columns: 2, from: 0.5, dtype: "float32", model: FLOATS };

type Inferred = { equal: boolean; shape: number[]; dtype: string; id: string; binary: boolean };
type Raised = { status: string; message: string } | null;

export function tritonSteps(
  session: PythonSession,
  world: InferenceWorld,
): Record<TritonStep, () => Promise<string>> {
  const ask = async <T>(step: string, args: Record<string, unknown> = {}) => {
    const answer = await session.ask(step, { model: FLOATS, ...args }, STEP_TIMEOUT_MS);
    if (!answer.ok) throw new StepFailure(answer.reason);
    return answer.value as T;
  };
  const infer = async (args: Record<string, unknown>, isBinary: boolean) => {
    const got = await ask<Inferred>("infer", { ...ROW, binary: isBinary, outputs: null, ...args });
    expect(got.equal, `y is not twice x: ${JSON.stringify(got)}`);
    expect(got.id === "7", `the id came back as ${got.id}`);
    return got;
  };
  const raises = async (what: string, status: string, words: string, args: Record<string, unknown> = {}) => {
    const raised = await ask<Raised>("refused", { what, binary: true, ...args });
    expect(raised !== null, `${what}: nothing was raised`);
    expect(
      raised.status === status && raised.message.includes(words),
      `${what}: ${raised.status} ${raised.message}`,
    );
    return `${raised.status} ${raised.message}`;
  };
  const signed = (isSigned: boolean) =>
    ask<Record<string, unknown>>("signed", {
      ...{
        ...ROW,
        rows: 8,
        sign: isSigned,
        url: world.url,
        receiver: world.hotkey,
        uri: DEV_KEYS.validatorHotkey,
      },
    });

  return {
    live: async () => {
      expect(await ask<boolean>("connect", { address: new URL(world.localUrl).host }), "it is not live");
      expect(await ask<boolean>("ready"), "it is not ready");
      return world.localUrl;
    },
    modelReady: async () => {
      const seen = await ask<boolean[]>("model_ready");
      expect(seen.join() === "true,true,false", seen.join());
      return "ready, ready, not ready";
    },
    serverMetadata: async () => {
      const { name, extensions } = await ask<{ name: string; extensions: string[] }>("server_metadata");
      expect(extensions.includes("binary_tensor_data"), `extensions ${extensions}`);
      return `${name}: ${extensions.join(", ")}`;
    },
    modelMetadata: async () => {
      const metadata = await ask<{ inputs: object[] }>("model_metadata");
      const versioned = await ask("model_metadata", { version: "1" });
      expect(JSON.stringify(metadata) === JSON.stringify(versioned), "the version has other metadata");
      const inputs = JSON.stringify(metadata.inputs);
      expect(inputs === '[{"name":"x","datatype":"FP32","shape":[-1,2]}]', inputs);
      return inputs;
    },
    modelConfig: async () => {
      const config = await ask<{ max_batch_size: number; input: { data_type: string }[] }>("model_config", {
        model: INTEGERS,
      });
      expect(config.input[0]?.data_type === "TYPE_INT64", JSON.stringify(config));
      return `max_batch_size ${config.max_batch_size}, ${config.input[0].data_type}`;
    },
    repositoryIndex: async () => {
      const models = await ask<{ name: string; state: string }[]>("repository_index");
      const text = models.map(({ name, state }) => `${name} ${state}`).join(", ");
      expect(text === `${FLOATS} READY, ${INTEGERS} READY`, text);
      return text;
    },
    floatsJson: async () => shown(await infer({ outputs: false }, false)),
    floatsBinary: async () => shown(await infer({}, true)),
    // Exact beyond what a float64 could carry: in JSON as far as JSON goes, in binary to the end.
    integersJson: async () =>
      shown(await infer({ model: INTEGERS, dtype: "int64", from: 2 ** 52, outputs: false }, false)),
    integersBinary: async () =>
      shown(await infer({ model: INTEGERS, dtype: "int64", from: 2 ** 61, outputs: true }, true)),
    batch: async () => {
      const got = await infer({ rows: 8 }, true);
      expect(got.shape.join() === "8,2", `shape ${got.shape}`);
      return shown(got);
    },
    concurrent: async () => {
      const got = await ask<number[]>("infer_async", { ...ROW, times: 16 });
      expect(
        got.every((value, n) => value === 2 * n),
        `first values ${got}`,
      );
      return `${got.length} answers, each its own`;
    },
    outputs: async () => {
      const [binary, text] = [await infer({ outputs: true }, true), await infer({ outputs: false }, true)];
      expect(binary.binary && !text.binary, "binary_data is not followed");
      return "both";
    },
    bytesRefused: async () => {
      await raises("bytes", "400", "BYTES is not served", { binary: false });
      return raises("bytes", "400", "BYTES is not served");
    },
    shapeRefused: async () => {
      await raises("shape", "400", "x is [1,3] instead of [?,2]", { binary: false });
      return raises("shape", "400", "x is [1,3] instead of [?,2]");
    },
    dtypeRefused: async () => {
      await raises("dtype", "400", "float64 instead of float32", { binary: false });
      return raises("dtype", "400", "float64 instead of float32");
    },
    namesRefused: async () => {
      await raises("input", "400", "input x is missing");
      await raises("output", "400", "is no output of this model");
      return raises("model", "404", "no such route, model or version");
    },
    largeRefused: async () => {
      await raises("gzip", "415", "compressed");
      return raises("many", "400", "binary");
    },
    unsignedRefused: async () => {
      const { status, text } = await signed(false);
      expect(status === 401, `${status} ${text}`);
      return String(text);
    },
    signed: async () => {
      const reply = await signed(true);
      expect(reply.status === 200 && reply.equal === true, JSON.stringify(reply).slice(0, 200));
      expect(
        isOurs(reply as SignedReply, world.hotkey),
        "the answer is not signed by the miner for this question",
      );
      return "8 rows, signed both ways";
    },
  };
}

type SignedReply = {
  sent: { headers: Record<string, string>; body: string };
  headers: Record<string, string>;
  body: string;
};

function isOurs({ sent, headers, body }: SignedReply, hotkey: string): boolean {
  const lower = Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return verifyReply(
    { status: 200, contentType: headers["content-type"]!, headers, body: Buffer.from(body, "base64") },
    {
      headers: Object.fromEntries(lower),
      ...{ method: "POST", target: `/v2/models/${FLOATS}/infer`, body: Buffer.from(sent.body, "base64") },
    },
    hotkey,
  );
}

function shown({ dtype, shape, binary }: Inferred): string {
  return `${dtype} [${shape}] ${binary ? "binary" : "JSON"}`;
}
