import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ExternalSigner } from "./external-signer.ts";
import { Keypair, keysReady, verifyWith } from "./keypair.ts";
import { signedBytesOf } from "./signing-payload.ts";

const PAYLOAD = Buffer.from("a call that is not longer than it may be");
const LONG_PAYLOAD = Buffer.alloc(257, 7);
/** Nobody answers: any deadline will do. */
const SHORT_MS = 50;

let folder: string;
let key: Keypair;
let server: Server | undefined;

beforeAll(async () => {
  await keysReady();
  folder = await mkdtemp(join(tmpdir(), "subforge-signer-"));
  key = Keypair.fromUri("//Alice");
});
afterEach(() => server?.close());
afterAll(() => rm(folder, { recursive: true }));

type Request = { protocol: string; id: number; address: string; scheme: string; payload: string };

/** A signer that does what `behave` says with each request. */
async function signerThat(behave: (request: Request, socket: Socket) => void): Promise<string> {
  const path = join(folder, `${Math.random()}.sock`);
  server = createServer((socket) => {
    socket.setEncoding("utf8").on("error", () => undefined);
    socket.once("data", (line: string) => behave(JSON.parse(line), socket));
  }).listen(path);
  await once(server, "listening");
  return path;
}

function signedBy(pair: Keypair, payload: Uint8Array): string {
  return `0x${Buffer.from(pair.sign(signedBytesOf(payload))).toString("hex")}`;
}

function client(path: string, pair = key, timeoutMs?: number): ExternalSigner {
  return new ExternalSigner({ path, publicKey: pair.publicKey, scheme: pair.scheme, timeoutMs });
}

describe("an external signer", () => {
  it.each([
    ["sr25519", PAYLOAD],
    ["sr25519", LONG_PAYLOAD],
    ["ed25519", PAYLOAD],
  ] as const)("W7 gives a verified %s signature over the whole payload", async (scheme, payload) => {
    const pair = scheme === "sr25519" ? key : Keypair.fromEd25519Seed(Buffer.alloc(32, 3));
    const seen: Request[] = [];
    const path = await signerThat((request, socket) => {
      seen.push(request);
      socket.end(`${JSON.stringify({ id: request.id, signature: signedBy(pair, payload) })}\n`);
    });
    const signature = await client(path, pair).signPayload(payload);
    expect(verifyWith(scheme, signedBytesOf(payload), signature, pair.publicKey)).toBe(true);
    expect(seen).toEqual([
      {
        protocol: "subforge-signer/1",
        id: 1,
        address: pair.address,
        scheme,
        payload: `0x${payload.toString("hex")}`,
      },
    ]);
  });

  it.each<[string, string, (request: Request, socket: Socket) => void]>([
    ["never answers", "SIGNER_TIMEOUT", () => undefined],
    [
      "drips one letter at a time and never ends its line",
      "SIGNER_TIMEOUT",
      (_, socket) => {
        const drip = setInterval(() => socket.write(" "), 5);
        socket.once("close", () => clearInterval(drip));
      },
    ],
    ["hangs up", "SIGNER_UNREACHABLE", (_, socket) => socket.end()],
    ["resets the connection", "SIGNER_UNREACHABLE", (_, socket) => socket.destroy()],
    [
      "signs other bytes",
      "SIGNER_BAD_ANSWER",
      ({ id }, socket) => answer(socket, { id, signature: signedBy(key, Buffer.from("another call")) }),
    ],
    [
      "signs with another key",
      "SIGNER_BAD_ANSWER",
      ({ id }, socket) => answer(socket, { id, signature: signedBy(Keypair.fromUri("//Bob"), PAYLOAD) }),
    ],
    [
      "answers another request",
      "SIGNER_BAD_ANSWER",
      ({ id }, socket) => answer(socket, { id: id + 1, signature: signedBy(key, PAYLOAD) }),
    ],
    [
      "sends a short signature",
      "SIGNER_BAD_ANSWER",
      ({ id }, socket) => answer(socket, { id, signature: "0x1234" }),
    ],
    ["sends no JSON", "SIGNER_BAD_ANSWER", (_, socket) => socket.end("hello\n")],
    ["sends a list", "SIGNER_BAD_ANSWER", (_, socket) => socket.end("[]\n")],
    ["floods", "SIGNER_BAD_ANSWER", (_, socket) => socket.write("x".repeat(100_000))],
    ["declines", "SIGNER_REFUSED", ({ id }, socket) => answer(socket, { id, error: "not at night" })],
  ])("W7 that %s: %s, and no signature", async (_what, code, behave) => {
    const path = await signerThat(behave);
    const timeoutMs = code === "SIGNER_TIMEOUT" ? SHORT_MS : undefined;
    const signing = client(path, key, timeoutMs).signPayload(PAYLOAD);
    await expect(signing).rejects.toMatchObject({ code, message: expect.stringContaining(path) });
  });

  it("W7 that is down: SIGNER_UNREACHABLE", async () => {
    const signing = client(join(folder, "nobody.sock")).signPayload(PAYLOAD);
    await expect(signing).rejects.toMatchObject({ code: "SIGNER_UNREACHABLE" });
  });

  it("does not let a stranger's words move the cursor", async () => {
    const path = await signerThat(({ id }, socket) => answer(socket, { id, error: "\x1b[2J no\r" }));
    const signing = client(path).signPayload(PAYLOAD);
    await expect(signing).rejects.toMatchObject({ message: expect.stringContaining("?[2J no?") });
  });
});

function answer(socket: Socket, document: unknown): void {
  socket.end(`${JSON.stringify(document)}\n`);
}
