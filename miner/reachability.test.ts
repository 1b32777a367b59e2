import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { detectAddress, probeAddress } from "./reachability.ts";

const LOOPBACK = "127.0.0.1";

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, LOOPBACK);
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const live: RequestListener = (_request, response) => void response.end('{"ok":true}');

describe("a probe of an announced address", () => {
  test("says that it met a miner, and how little a call from the same machine proves", async () => {
    const port = await listen(live);
    const reach = await probeAddress({ ip: LOOPBACK, port }, { ownAddresses: [LOOPBACK] });
    expect(reach).toMatchObject({ verdict: "reached", fact: expect.stringContaining("past no firewall") });
  });

  test("is not fooled by another server at the port, nor by one that never ends its answer", async () => {
    const foreign = await listen((_request, response) => void response.end("<html>"));
    const reach = await probeAddress({ ip: LOOPBACK, port: foreign }, { ownAddresses: [] });
    expect(reach).toMatchObject({ verdict: "unreachable", fact: expect.stringContaining("something else") });
    const endless = await listen((_request, response) => {
      response.writeHead(200).write("x".repeat(100_000));
    });
    const bounded = await probeAddress({ ip: LOOPBACK, port: endless }, { ownAddresses: [LOOPBACK] });
    expect(bounded.verdict).toBe("unreachable");
  });

  test("calls nothing unreachable that only a router at home may refuse to send back", async () => {
    const port = await listen(live);
    await new Promise((resolve) => setImmediate(resolve));
    const closed = { ip: LOOPBACK, port: port === 65_535 ? port - 1 : port + 1 };
    expect((await probeAddress(closed, { ownAddresses: [] })).verdict).toBe("unknown");
    const own = await probeAddress(closed, { ownAddresses: [LOOPBACK] });
    expect(own).toMatchObject({ verdict: "unreachable", next: expect.stringContaining("open TCP") });
  });

  test.for([
    ["reaches it", { ip: "203.0.113.7", reachable: true }, "reached"],
    ["does not reach it", { reachable: false }, "unreachable"],
    ["sees another address", { ip: "203.0.113.8", reachable: true }, "unreachable"],
    ["answers nonsense, which is its own outage", { reachable: "perhaps" }, "unknown"],
  ] as const)("believes the operator's helper that %s", async ([_what, answer, verdict]) => {
    const asked: string[] = [];
    const port = await listen((request, response) => {
      asked.push(request.url ?? "");
      response.end(JSON.stringify(answer));
    });
    const helper = `http://${LOOPBACK}:${port}/probe?key=1`;
    expect((await probeAddress({ ip: "203.0.113.7", port: 8091 }, { helper })).verdict).toBe(verdict);
    expect(asked).toEqual(["/probe?key=1&port=8091"]);
  });
});

describe("the address of this machine", () => {
  test.for([
    ["is the public one of its interfaces", [LOOPBACK, "10.0.0.4", "8.8.4.4"], "8.8.4.4"],
    ["is the IPv4 one where there is one of each", ["2607:f8b0::1", "8.8.4.4"], "8.8.4.4"],
    ["is not guessed among several", ["8.8.4.4", "8.8.8.8"], undefined],
    ["is not known behind a router", [LOOPBACK, "192.168.1.2", "fe80::1", "fd00::2"], undefined],
    ["is none of the addresses for documents", ["203.0.113.7", "2001:db8::1"], undefined],
  ] as const)("%s", async ([_what, ownAddresses, ip]) => {
    const found = await detectAddress({ ownAddresses });
    expect(found.ok ? found.ip : undefined).toBe(ip);
  });

  test("is what the operator's helper sees", async () => {
    const port = await listen(
      (_request, response) => void response.end('{"ip":"8.8.4.4","reachable":false}'),
    );
    const found = await detectAddress({ helper: `http://${LOOPBACK}:${port}`, ownAddresses: [] });
    expect(found).toEqual({ ok: true, ip: "8.8.4.4", from: "helper" });
  });
});
