import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { closeNow } from "../shared/listening.ts";
import { type Body, readBody } from "./read-body.ts";
import { ScratchBuffers } from "./scratch-buffers.ts";

const TIMEOUT_MS = 10_000;
const SMALL = 1_000;
const LARGE = 100_000;

const scratch = new ScratchBuffers();
let server: Server | undefined;
afterEach(async () => {
  if (server) await closeNow(server);
});

/** @param act - Given the caller's connection and what the server gets to see of it, which tells when. */
async function bodyOf(
  length: number,
  act: (socket: Socket, headersAreIn: Promise<void>) => void,
): Promise<Body | undefined> {
  let tell = () => {};
  const headersAreIn = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const body = new Promise<Body | undefined>((resolve, reject) => {
    server = createServer((request) => {
      readBody(request, length, TIMEOUT_MS, scratch).then(resolve, reject);
      tell();
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const socket = connect((server!.address() as AddressInfo).port, "127.0.0.1");
  socket.on("error", () => undefined);
  act(socket, headersAreIn);
  return body.finally(() => socket.destroy());
}

const head = (length: number) => `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`;

test.each([0, 1, SMALL, LARGE])("takes %i bytes that come with the headers", async (length) => {
  const body = await bodyOf(length, (socket) => socket.write(head(length) + "x".repeat(length)));
  expect(Buffer.from(body!.bytes).toString()).toBe("x".repeat(length));
});

test("puts a large body where one was that nobody reads any more, and nowhere else", async () => {
  const next = (letter: string) =>
    bodyOf(LARGE, (socket) => socket.write(head(LARGE) + letter.repeat(LARGE)));
  const first = (await next("a"))!;
  const second = (await next("b"))!;
  expect(Buffer.from(first.bytes).toString()).toBe("a".repeat(LARGE));
  first.giveBack();
  const third = (await next("c"))!;
  expect(third.bytes.buffer).toBe(first.bytes.buffer);
  expect(Buffer.from(second.bytes).toString()).toBe("b".repeat(LARGE));
  expect(Buffer.from(third.bytes).toString()).toBe("c".repeat(LARGE));
});

test("listens to nothing for a small body that comes with its headers", async () => {
  const heard = await new Promise<string[]>((resolve) => {
    server = createServer(async (request) => {
      const events: string[] = [];
      request.on("newListener", (event: string) => events.push(event));
      await readBody(request, SMALL, TIMEOUT_MS, scratch);
      resolve(events);
    }).listen(0, "127.0.0.1", () => {
      const { port } = server!.address() as AddressInfo;
      connect(port, "127.0.0.1").end(head(SMALL) + "x".repeat(SMALL));
    });
  });
  expect(heard).toEqual([]);
});

test.each([SMALL, LARGE])("takes %i bytes of which some come later", async (length) => {
  const body = await bodyOf(length, async (socket, headersAreIn) => {
    socket.write(`${head(length)}x`);
    await headersAreIn;
    socket.write("y".repeat(length - 1));
  });
  expect(Buffer.from(body!.bytes).toString()).toBe(`x${"y".repeat(length - 1)}`);
});

test.each([SMALL, LARGE])(
  "gives nothing when a caller is gone before all of %i bytes is there",
  async (length) => {
    const body = await bodyOf(length, async (socket, headersAreIn) => {
      socket.write(`${head(length)}x`);
      await headersAreIn;
      socket.destroy();
    });
    expect(body).toBeUndefined();
  },
);

test("gives nothing for a body of another length than it was said to have", async () => {
  expect(await bodyOf(SMALL + 1, (socket) => socket.write(head(SMALL) + "x".repeat(SMALL)))).toBeUndefined();
});
