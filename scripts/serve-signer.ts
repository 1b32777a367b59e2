import { once } from "node:events";
import { unlink } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { resolve } from "node:path";
import { z } from "zod";
import { SubforgeError } from "../shared/errors.ts";
import { MAX_REQUEST_BYTES, SIGNER_PROTOCOL } from "../shared/keys/external-signer.ts";
import type { Keypair } from "../shared/keys/keypair.ts";
import { signedBytesOf } from "../shared/keys/signing-payload.ts";
import type { Logger } from "../shared/logger.ts";

/** A client writes its line at once; whoever does not is cut off. */
const REQUEST_TIMEOUT_MS = 10_000;

const MAX_CONNECTIONS = 16;

const requestSchema = z.object({
  protocol: z.literal(SIGNER_PROTOCOL),
  id: z.number(),
  address: z.string().max(100),
  scheme: z.enum(["sr25519", "ed25519"]),
  payload: z.string().regex(/^0x([0-9a-f]{2})+$/),
});

export type SignerDeps = {
  keypair: Keypair;
  /** May this be signed? Asked for one payload after the other. */
  confirm: (payload: Uint8Array) => Promise<boolean>;
  logger: Logger;
  signal: AbortSignal;
};

/**
 * Signs for one key what comes through a Unix domain socket that only this user can open. Resolves when the socket
 * listens; `stopped` when the signal aborted and it is gone.
 *
 * @throws SubforgeError CONFIG_INVALID when the socket cannot be made there
 */
export async function startSigner(socketPath: string, deps: SignerDeps): Promise<{ stopped: Promise<void> }> {
  const path = resolve(socketPath);
  await removeStale(path);
  let turn: Promise<unknown> = Promise.resolve();
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy());
    readLine(socket, (line) => {
      socket.setTimeout(0); // from here on it waits for us
      const answer = turn.then(() => answerTo(line, deps));
      turn = answer.catch(() => undefined);
      answer.then(
        (text) => socket.end(`${text}\n`),
        () => socket.destroy(),
      );
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  const umask = process.umask(0o177); // the socket is born with mode 600
  try {
    server.listen(path);
    await once(server, "listening");
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new SubforgeError("CONFIG_INVALID", { what: `--socket ${socketPath}`, problems: [problem] });
  } finally {
    process.umask(umask);
  }
  const stopped = once(server, "close").then(() => undefined);
  const stop = (): void => {
    server.close();
  };
  if (deps.signal.aborted) stop();
  else deps.signal.addEventListener("abort", stop, { once: true });
  return { stopped };
}

async function answerTo(line: string, { keypair, confirm, logger }: SignerDeps): Promise<string> {
  let request: z.infer<typeof requestSchema>;
  try {
    request = requestSchema.parse(JSON.parse(line));
  } catch {
    return JSON.stringify({ id: 0, error: `this is no request of ${SIGNER_PROTOCOL}` });
  }
  const { id, address, scheme } = request;
  const refuse = (error: string): string => {
    logger.warn("signer.refused", { address, why: error });
    return JSON.stringify({ id, error });
  };
  if (address !== keypair.address || scheme !== keypair.scheme) return refuse("another key is held here");
  const payload = Uint8Array.from(Buffer.from(request.payload.slice(2), "hex"));
  if (!(await confirm(payload))) return refuse("it was declined");
  const signature = Buffer.from(keypair.sign(signedBytesOf(payload))).toString("hex");
  logger.info("signer.signed", { address, bytes: payload.length });
  return JSON.stringify({ id, signature: `0x${signature}` });
}

/** Calls back once, with the first line. */
function readLine(socket: Socket, onLine: (line: string) => void): void {
  let text = "";
  const onData = (chunk: string): void => {
    text += chunk;
    const newline = text.indexOf("\n");
    if (newline === -1 && text.length <= 2 * MAX_REQUEST_BYTES) return;
    socket.off("data", onData);
    if (newline === -1) socket.destroy();
    else onLine(text.slice(0, newline));
  };
  socket.setEncoding("utf8").on("data", onData);
}

/** A socket that a killed signer left behind answers nobody; one that answers is in use and stays. */
async function removeStale(path: string): Promise<void> {
  const answers = await new Promise<boolean | undefined>((settle) => {
    const socket = connect(path);
    socket.once("connect", () => settle(true));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      settle(error.code === "ECONNREFUSED" ? false : undefined),
    );
    socket.once("connect", () => socket.destroy());
  });
  if (answers)
    throw new SubforgeError("CONFIG_INVALID", { what: `--socket ${path}`, problems: ["it is in use"] });
  if (answers === false) await unlink(path);
}
