import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkAddress } from "./address-policy.ts";

/*
 * T24: the special-purpose registries of IANA, range by range, and what we do there. The edges of each range are computed
 * here with whole numbers, by other means than the policy has.
 */

const PUBLIC = { allowPrivate: false };
const LOCAL = { allowPrivate: true };
const PORT = 8_091;

/** "local": called where the genesis is a local one. */
type Row = readonly [name: string, range: string, where: "never" | "local"];

const IPV4: readonly Row[] = [
  ["this network, and zero", "0.0.0.0/8", "never"],
  ["private use", "10.0.0.0/8", "local"],
  ["shared by carriers (CGNAT)", "100.64.0.0/10", "never"],
  ["loopback", "127.0.0.0/8", "local"],
  ["link-local, cloud metadata", "169.254.0.0/16", "never"],
  ["private use", "172.16.0.0/12", "local"],
  ["protocol assignments", "192.0.0.0/24", "never"],
  ["TEST-NET-1", "192.0.2.0/24", "never"],
  ["AS112", "192.31.196.0/24", "never"],
  ["AMT", "192.52.193.0/24", "never"],
  ["6to4 relay anycast", "192.88.99.0/24", "never"],
  ["private use", "192.168.0.0/16", "local"],
  ["direct delegation AS112", "192.175.48.0/24", "never"],
  ["benchmarking", "198.18.0.0/15", "never"],
  ["TEST-NET-2", "198.51.100.0/24", "never"],
  ["TEST-NET-3", "203.0.113.0/24", "never"],
  ["multicast", "224.0.0.0/4", "never"],
  ["reserved", "240.0.0.0/4", "never"],
  ["limited broadcast", "255.255.255.255/32", "never"],
];

const IPV6: readonly Row[] = [
  ["unspecified", "::/128", "never"],
  ["loopback", "::1/128", "local"],
  ["IPv4-compatible", "::/96", "never"],
  ["IPv4-IPv6 translation (NAT64)", "64:ff9b::/96", "never"],
  ["IPv4-IPv6 translation, local use", "64:ff9b:1::/48", "never"],
  ["discard only", "100::/64", "never"],
  ["dummy prefix", "100:0:0:1::/64", "never"],
  ["protocol assignments", "2001::/23", "never"],
  ["Teredo", "2001::/32", "never"],
  ["port control anycast", "2001:1::1/128", "never"],
  ["TURN anycast", "2001:1::2/128", "never"],
  ["service registration anycast", "2001:1::3/128", "never"],
  ["benchmarking", "2001:2::/48", "never"],
  ["AMT", "2001:3::/32", "never"],
  ["AS112", "2001:4:112::/48", "never"],
  ["ORCHID", "2001:10::/28", "never"],
  ["ORCHIDv2", "2001:20::/28", "never"],
  ["drone identifiers", "2001:30::/28", "never"],
  ["documentation", "2001:db8::/32", "never"],
  ["6to4", "2002::/16", "never"],
  ["direct delegation AS112", "2620:4f:8000::/48", "never"],
  ["documentation", "3fff::/20", "never"],
  ["SRv6 identifiers", "5f00::/16", "never"],
  ["unique local", "fc00::/7", "local"],
  ["link-local", "fe80::/10", "never"],
  ["site-local", "fec0::/10", "never"],
  ["multicast", "ff00::/8", "never"],
];

type Range = { first: bigint; last: bigint; where: "never" | "local" };
const toRange = (bits: number, read: (text: string) => bigint) => {
  return ([, range, where]: Row): Range => {
    const [net, length] = range.split("/") as [string, string];
    const size = 1n << BigInt(bits - Number(length));
    const first = (read(net) / size) * size;
    return { first, last: first + size - 1n, where };
  };
};
const FAMILIES = {
  IPv4: { rows: IPV4, bits: 32, ranges: IPV4.map(toRange(32, readV4)), write: writeV4 },
  IPv6: { rows: IPV6, bits: 128, ranges: IPV6.map(toRange(128, readV6)), write: writeV6 },
} as const;
type Family = keyof typeof FAMILIES;

/** What the table says of an address: the narrowest range decides, and IPv6 is public in 2000::/3 only. */
function expected(family: Family, address: bigint): "public" | "never" | "local" {
  const fitting = FAMILIES[family].ranges.filter(({ first, last }) => address >= first && address <= last);
  const narrowest = fitting.sort((a, b) => (a.last - a.first < b.last - b.first ? -1 : 1))[0];
  if (narrowest) return narrowest.where;
  return family === "IPv4" || address >> 125n === 1n ? "public" : "never";
}

function verdict(text: string): "public" | "never" | "local" {
  if (checkAddress(text, PORT, PUBLIC).ok) return "public";
  return checkAddress(text, PORT, LOCAL).ok ? "local" : "never";
}

describe.each(["IPv4", "IPv6"] as const)("T24: an %s address of", (family) => {
  const { rows, bits, ranges, write } = FAMILIES[family];

  it.each(rows.map((row, index) => [...row, ranges[index]!] as const))(
    "%s, %s: %s called, at both edges",
    (_name, _range, where, { first, last }) => {
      expect([verdict(write(first)), verdict(write(last))]).toEqual([where, where]);
      for (const beside of [first - 1n, last + 1n]) {
        if (beside < 0n || beside >> BigInt(bits) !== 0n) continue;
        expect(verdict(write(beside)), write(beside)).toBe(expected(family, beside));
      }
    },
  );

  it("any place is called exactly where no range forbids it", () => {
    const edge = fc
      .tuple(fc.constantFrom(...ranges), fc.boolean(), fc.bigInt(-1_048_576n, 1_048_576n))
      .map(([{ first, last }, low, off]) => BigInt.asUintN(bits, (low ? first : last) + off));
    const anywhere = fc.bigInt(0n, 2n ** BigInt(bits) - 1n);
    const assigned = family === "IPv6" ? fc.bigInt(2n ** 125n, 2n ** 126n - 1n) : anywhere;
    fc.assert(
      fc.property(fc.oneof(edge, anywhere, assigned), (address) => {
        expect(verdict(write(address)), write(address)).toBe(expected(family, address));
      }),
      { numRuns: 500 },
    );
  });
});

describe("T24: an IPv4 address inside an IPv6 one", () => {
  const inside = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "8.8.8.8"];
  const forms: [string, (v4: bigint) => bigint][] = [
    ["mapped ::ffff:0:0/96", (v4) => (0xffffn << 32n) | v4],
    ["compatible ::/96", (v4) => v4],
    ["NAT64 64:ff9b::/96", (v4) => readV6("64:ff9b::") | v4],
    ["NAT64 64:ff9b:1::/48", (v4) => readV6("64:ff9b:1::") | v4],
    ["6to4 2002::/16", (v4) => readV6("2002::1") | (v4 << 80n)],
    ["Teredo server", (v4) => readV6("2001::1") | (v4 << 64n)],
    ["Teredo client", (v4) => readV6("2001:0:808:808::") | (v4 ^ 0xffff_ffffn)],
  ];
  it.each(forms.flatMap(([name, embed]) => inside.map((v4) => [name, v4, embed] as const)))(
    "as %s with %s is never called, but loopback and private ones as ::ffff: on a local genesis",
    (name, v4, embed) => {
      const text = writeV6(embed(readV4(v4)));
      const isException = name.startsWith("mapped") && ["127.0.0.1", "10.0.0.1"].includes(v4);
      expect(checkAddress(text, PORT, PUBLIC)).toEqual({ ok: false, why: "not-public" });
      expect(checkAddress(text, PORT, LOCAL).ok).toBe(isException);
    },
  );
});

describe("T24: the address of this validator", () => {
  it.each([
    ["as it is announced", "8.8.4.4"],
    ["IPv6, spelt out", "2A00:0:0:0:0:0:0:1"],
    ["IPv6, short", "2a00::1"],
  ])("is refused by its name: %s", (_, ip) => {
    const own = ["8.8.4.4", "2a00::1"];
    expect(checkAddress(ip, PORT, { ...PUBLIC, own })).toEqual({ ok: false, why: "own-address" });
    expect(checkAddress(ip, PORT, { ...PUBLIC, own: ["8.8.8.8"] }).ok).toBe(true);
  });
});

describe("T25: what is no number is never looked up", () => {
  it.each([
    "metadata.google.internal",
    "miner.example",
    "8.8.8.8.nip.io",
    "0x08080808",
    "134744072",
    "fe80::1%1",
  ])("%s", (name) => expect(checkAddress(name, PORT, LOCAL)).toEqual({ ok: false, why: "not-numeric" }));
});

function readV4(text: string): bigint {
  return text.split(".").reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function writeV4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 255n).join(".");
}

function readV6(text: string): bigint {
  const [head = "", tail] = text.split("::");
  const groups = (part: string | undefined) => (part ? part.split(":") : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array<string>(tail === undefined ? 0 : 8 - before.length - after.length).fill("0");
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function writeV6(address: bigint): string {
  return Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(
    ":",
  );
}
