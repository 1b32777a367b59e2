import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSubforgeError } from "../errors.ts";
import { silentLogger } from "../logger.ts";
import { connectRedis } from "./connection.ts";
import { hostProblem, parseRedisAddress } from "./redis-address.ts";

describe("the address of Redis", () => {
  it.each([
    ["redis://127.0.0.1", { kind: "single", where: "127.0.0.1:6379", database: 0, tls: undefined }],
    ["redis://[::1]:7000/3", { kind: "single", where: "[::1]:7000", database: 3 }],
    ["rediss://queue.example", { where: "queue.example:6379", tls: {} }],
    ["redis://us%40er:p@h", undefined],
    ["redis://us%40er:p%3Aw@h:1", { username: "us@er", where: "h:1" }],
    ["redis://:secret@h", { username: undefined }],
    [
      "rediss://q:s@h?ca=/a%20b.pem&cert=c.pem&key=k.pem&servername=other.example",
      { tls: { ca: "/a b.pem", cert: "c.pem", key: "k.pem", servername: "other.example" } },
    ],
    ["redis+cluster://a:1,b,[::1]:3", { kind: "cluster", where: "a:1,b:6379,[::1]:3" }],
    [
      "rediss+sentinel://u:p@a,b:2/my-master/1?sentinel-password=s",
      { kind: "sentinel", where: "a:26379,b:2", master: "my-master", database: 1 },
    ],
  ])("%s is understood", (text, expected) => {
    expect(parseRedisAddress(text)).toMatchObject(expected ?? { username: "us@er" });
  });

  it.each([
    ["", "no redis://"],
    ["localhost:6379", "no redis://"],
    ["http://h", "no redis://"],
    ["redis://", "no redis://"],
    ["redis://h#x", "no redis://"],
    ["redis+other://h", "no redis://"],
    [`redis://${"h".repeat(5_000)}`, "no redis://"],
    ["redis://a,b", "several hosts"],
    ["redis://a b", "host 1 of 1"],
    ["redis+cluster://a,,b", "host 2 of 3"],
    ["redis://h:0", "port of host 1"],
    ["redis://h:65536", "port of host 1"],
    ["redis://h/16", "database"],
    ["redis://h/x", "database"],
    ["redis://h/1/2", "database"],
    ["redis+cluster://h/1", "database 0 alone"],
    ["redis+sentinel://h", "name of their master"],
    ["redis+sentinel://h/a%20b", "name of their master"],
    ["redis://user@h", "no password"],
    ["redis://:%zz@h", "percent-encoded"],
    ["rediss://h?cert=c.pem", "cert and key"],
    ["redis://h?ca=c.pem", "ca is for rediss://"],
    ["rediss://h?ca=", "empty or named twice"],
    ["rediss://h?ca=a&ca=b", "empty or named twice"],
    ["rediss://h?insecure=1", "none of ca, cert"],
    ["redis://h?sentinel-password=x", "for sentinels"],
  ])("%s is refused, saying what is wrong", (text, problem) => {
    expect(() => parseRedisAddress(text)).toThrow(
      expect.objectContaining({ code: "QUEUE_ADDRESS", message: expect.stringContaining(problem) }),
    );
  });

  it("never shows a password: not in an error, not in the address itself", () => {
    const part = fc.stringMatching(/^[a-z%&=?/:@#,. -]{0,12}$/);
    fc.assert(
      fc.property(
        part,
        part,
        fc.constantFrom("redis", "rediss+sentinel", "redis+cluster"),
        (a, b, scheme) => {
          const text = `${scheme}://${a}:hunter2${b}@${a}?sentinel-password=hunter2${b}`;
          let shown: unknown;
          try {
            shown = parseRedisAddress(text);
          } catch (error) {
            if (!isSubforgeError(error, "QUEUE_ADDRESS")) throw error;
            shown = error;
          }
          expect(`${inspect(shown, { depth: 9 })}${JSON.stringify(shown)}${shown}`).not.toContain("hunter2");
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("T30: a Redis that others can reach", () => {
  const [none, word] = [parseRedisAddress("redis://h"), parseRedisAddress("redis://:p@h")];
  const [tlsOnly, both] = [parseRedisAddress("rediss://h"), parseRedisAddress("rediss://:p@h")];
  it.each([
    ["10.0.0.1", none, false, "name a password"],
    ["10.0.0.1", tlsOnly, false, "name a password"],
    ["10.0.0.1", none, true, "name a password"],
    ["10.0.0.1", word, false, "use rediss://"],
    ["127.0.0.1.example", word, false, "use rediss://"],
    ["0.0.0.0", word, false, "use rediss://"],
    ["::ffff:127.0.0.1", word, false, "use rediss://"],
    ["10.0.0.1", word, true, undefined],
    ["10.0.0.1", both, false, undefined],
    ["127.0.0.1", none, false, undefined],
    ["127.3.2.1", none, false, undefined],
    ["LOCALHOST", none, false, undefined],
    ["::1", none, false, undefined],
  ])("%s", (host, address, privateNetwork, problem) => {
    const found = hostProblem(host, address, privateNetwork);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(problem);
  });

  it("is refused when one of several hosts is elsewhere", async () => {
    const url = "redis+cluster://127.0.0.1:1,10.0.0.1";
    await expect(connectRedis({ url, logger: silentLogger })).rejects.toMatchObject({
      code: "QUEUE_ADDRESS",
    });
  });

  it("is refused when a file of its address cannot be read, or is too large", async () => {
    for (const ca of ["/nowhere/ca.pem", process.execPath]) {
      const url = `rediss://:p@queue.example?ca=${ca}`;
      await expect(connectRedis({ url, logger: silentLogger })).rejects.toMatchObject({
        code: "QUEUE_ADDRESS",
      });
    }
  });
});
