import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What a miner's line does: passes everything on, takes questions and never answers, answers byte by byte, or hangs up. */
export type LineMode = "open" | "silent" | "dripping" | "cut";

const DRIP_EVERY_MS = 200;

/** A line in front of a miner that goes bad on purpose. */
export class Relay {
  mode: LineMode = "open";
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Port of the miner behind it. */
  target = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#join(socket));
  }

  static async open(): Promise<Relay> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Relay(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections of before keep what they were promised no longer. */
  set(mode: LineMode): void {
    this.mode = mode;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(caller: Socket): void {
    this.#keep(caller);
    if (this.mode === "cut") return void caller.destroy();
    if (this.mode === "silent") return void caller.resume();
    const miner = connect(this.target, "127.0.0.1");
    this.#keep(miner);
    caller.pipe(miner);
    if (this.mode === "dripping") drip(miner, caller);
    else miner.pipe(caller);
    miner.once("close", () => caller.destroy());
    caller.once("close", () => miner.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

function drip(from: Socket, to: Socket): void {
  const waiting: number[] = [];
  from.on("data", (bytes: Buffer) => waiting.push(...bytes));
  const timer = setInterval(() => {
    const next = waiting.shift();
    if (next !== undefined && !to.destroyed) to.write(Uint8Array.of(next));
  }, DRIP_EVERY_MS);
  to.once("close", () => clearInterval(timer));
}
