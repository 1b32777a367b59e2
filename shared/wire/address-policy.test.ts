import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkAddress } from "./address-policy.ts";

const PUBLIC = { allowPrivate: false };
const DEVELOPMENT = { allowPrivate: true };

describe("an address from the chain", () => {
  it.each([
    ["8.8.8.8", "http://8.8.8.8:8091"],
    ["1.1.1.1", "http://1.1.1.1:8091"],
    ["172.15.255.255", "http://172.15.255.255:8091"],
    ["172.32.0.0", "http://172.32.0.0:8091"],
    ["100.63.255.255", "http://100.63.255.255:8091"],
    ["100.128.0.0", "http://100.128.0.0:8091"],
    ["223.255.255.255", "http://223.255.255.255:8091"],
    ["2a00:1450:4001::1", "http://[2a00:1450:4001::1]:8091"],
    ["2606:4700:4700::1111", "http://[2606:4700:4700::1111]:8091"],
  ])("is called when it is public: %s", (ip, origin) => {
    expect(checkAddress(ip, 8091, PUBLIC)).toEqual({ ok: true, origin });
  });

  it.each([
    ["loopback", "127.0.0.1"],
    ["loopback, far end", "127.255.255.254"],
    ["private 10/8", "10.0.0.1"],
    ["private 172.16/12, far end", "172.31.255.255"],
    ["private 192.168/16", "192.168.1.1"],
    ["IPv6 loopback", "::1"],
    ["IPv6 unique local", "fd00::1"],
    ["IPv6 unique local, other half", "fc00::1"],
  ])("is called on a development chain only: %s", (_, ip) => {
    expect(checkAddress(ip, 6379, PUBLIC)).toEqual({ ok: false, why: "not-public" });
    expect(checkAddress(ip, 6379, DEVELOPMENT)).toMatchObject({ ok: true });
  });

  it.each([
    ["zero", "0.0.0.0"],
    ["this network", "0.1.2.3"],
    ["shared by carriers", "100.64.0.1"],
    ["link-local", "169.254.0.1"],
    ["cloud metadata", "169.254.169.254"],
    ["protocol assignments", "192.0.0.1"],
    ["documentation 1", "192.0.2.1"],
    ["6to4 relay", "192.88.99.1"],
    ["benchmarks", "198.18.0.1"],
    ["benchmarks, far end", "198.19.255.255"],
    ["documentation 2", "198.51.100.1"],
    ["documentation 3", "203.0.113.7"],
    ["multicast", "224.0.0.1"],
    ["multicast, far end", "239.255.255.255"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["IPv6 zero", "::"],
    ["IPv6 link-local", "fe80::1"],
    ["IPv6 site-local", "fec0::1"],
    ["IPv6 multicast", "ff02::1"],
    ["IPv4-mapped public", "::ffff:8.8.8.8"],
    ["IPv4-mapped metadata service", "::ffff:169.254.169.254"],
    ["IPv4-compatible", "::8.8.8.8"],
    ["NAT64", "64:ff9b::8.8.8.8"],
    ["NAT64, local", "64:ff9b:1::1"],
    ["discard only", "100::1"],
    ["Teredo", "2001::1"],
    ["IPv6 benchmarks", "2001:2::1"],
    ["ORCHID", "2001:20::1"],
    ["IPv6 documentation", "2001:db8::1"],
    ["IPv6 documentation, newer", "3fff::1"],
    ["6to4 around loopback", "2002:7f00:1::1"],
    ["SRv6", "5f00::1"],
    ["never assigned", "4000::1"],
  ])("is never called: %s", (_, ip) => {
    expect(checkAddress(ip, 8091, PUBLIC)).toEqual({ ok: false, why: "not-public" });
    expect(checkAddress(ip, 8091, DEVELOPMENT)).toEqual({ ok: false, why: "not-public" });
  });

  it.each(["::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:7f00:1"])(
    "may be loopback in its IPv6 spelling on a development chain only: %s",
    (ip) => {
      expect(checkAddress(ip, 8091, PUBLIC)).toEqual({ ok: false, why: "not-public" });
      expect(checkAddress(ip, 8091, DEVELOPMENT)).toEqual({ ok: true, origin: "http://127.0.0.1:8091" });
    },
  );

  it.each([
    "localhost",
    "miner.example",
    "",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "127.0.0.01",
    " 8.8.8.8",
    "8.8.8.8:80",
    "fe80::1%eth0",
    "2a00::1%1",
    "[2a00::1]",
    "8.8.8.8/path",
    "user@8.8.8.8",
  ])("must be numeric and nothing else: %j", (ip) => {
    expect(checkAddress(ip, 8091, DEVELOPMENT)).toEqual({ ok: false, why: "not-numeric" });
  });

  it.each([0, -1, 65_536, 1.5, Number.NaN])("needs a port: %d", (port) => {
    expect(checkAddress("8.8.8.8", port, PUBLIC)).toEqual({ ok: false, why: "port" });
  });

  it.each([22, 25, 53, 2375, 3306, 5432, 6379, 9200, 9944, 11211, 27017])(
    "must not be a service of infrastructure: port %d",
    (port) => {
      expect(checkAddress("8.8.8.8", port, PUBLIC)).toEqual({ ok: false, why: "port" });
    },
  );

  it.each([80, 443, 8091, 50_000])("may be port %d", (port) => {
    expect(checkAddress("8.8.8.8", port, PUBLIC)).toMatchObject({ ok: true });
  });

  it("must not be our own, however it is spelt", () => {
    const policy = { allowPrivate: false, own: ["8.8.8.8", "2a00::1"] };
    expect(checkAddress("8.8.8.8", 8091, policy)).toEqual({ ok: false, why: "own-address" });
    expect(checkAddress("2a00:0:0::0001", 8091, policy)).toEqual({ ok: false, why: "own-address" });
  });

  it("never leads anywhere but to that address, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.webUrl()), (ip) => {
        const verdict = checkAddress(ip, 8091, DEVELOPMENT);
        if (!verdict.ok) return;
        const url = new URL(verdict.origin);
        expect(url.port).toBe("8091");
        expect(url.username + url.password + url.search + url.hash).toBe("");
        expect(url.pathname).toBe("/");
      }),
      { numRuns: 200 },
    );
  });
});
