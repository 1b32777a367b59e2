import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { encodeAddress } from "@polkadot/util-crypto";
import { silentLogger } from "../../shared/logger.ts";
import { connectRedis } from "../../shared/queue/connection.ts";

/* Test support: looks for secrets, in every form somebody may have written them, wherever a process leaves something. */

/** Where something was found, by name, and what is there. */
export type Place = { name: string; bytes: Buffer };

/**
 * The bytes and texts that betray a secret.
 *
 * @param secrets - By name: texts as they are; `0x` and hex digits stand for bytes.
 */
export function secretForms(secrets: Record<string, string>): Map<string, Buffer> {
  const forms = new Map<string, Buffer>();
  for (const [name, text] of Object.entries(secrets)) {
    const isHex = /^0x(?:[0-9a-f]{2})+$/i.test(text);
    const bytes = isHex ? Buffer.from(text.slice(2), "hex") : Buffer.from(text);
    const add = (form: string, value: Buffer | string) => forms.set(`${name} as ${form}`, Buffer.from(value));
    add(isHex ? "bytes" : "text", bytes);
    add("hex", bytes.toString("hex"));
    add("HEX", bytes.toString("hex").toUpperCase());
    add("base64", bytes.toString("base64").replace(/=+$/, "").slice(0, -1)); // its last digit depends on what follows
    add("base64url", bytes.toString("base64url").slice(0, -1));
    add("numbers", bytes.join(","));
    add("numbers, with blanks", bytes.join(", "));
    if (bytes.length === 32) add("SS58", encodeAddress(bytes, 42));
    if (!isHex) {
      add("JSON text in JSON", JSON.stringify(JSON.stringify(text)).slice(3, -3));
      add("part of a URL", encodeURIComponent(text));
    }
  }
  return forms;
}

/** @returns A line for each form in each place. It never shows what was found. */
export function findSecrets(places: Iterable<Place>, forms: ReadonlyMap<string, Buffer>): string[] {
  const found: string[] = [];
  for (const { name, bytes } of places) {
    for (const [form, wanted] of forms) if (bytes.includes(wanted)) found.push(`${form}: ${name}`);
  }
  return found;
}

/** Every file below a folder, but those named. */
export function filesBelow(folder: string, without: readonly string[]): Place[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => !without.includes(path) && statSync(path).isFile())
    .map((path) => ({ name: path, bytes: readFileSync(path) }));
}

/** Arguments and environment of these processes and of all that they started. */
export function processesBelow(roots: readonly number[]): Place[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(Number(name)));
  }
  const pids = [...roots];
  for (const pid of pids) for (const [child, parent] of parents) if (parent === pid) pids.push(child);
  return pids.flatMap((pid) =>
    ["cmdline", "environ"].flatMap((file) => {
      const name = `/proc/${pid}/${file}`;
      try {
        return [{ name, bytes: readFileSync(name) }];
      } catch {
        return []; // it ended
      }
    }),
  );
}

/** Every key of a Redis, with its value as it would be written to disk, uncompressed. */
export async function keysOf(url: string): Promise<Place[]> {
  const link = await connectRedis({ url, logger: silentLogger });
  try {
    await link.redis.config("SET", "rdbcompression", "no");
    const names = await link.redis.keysBuffer("*");
    return await Promise.all(
      names.map(async (name) => {
        const dump = (await link.redis.dumpBuffer(name)) ?? Buffer.alloc(0);
        return { name: `Redis key ${name.toString()}`, bytes: Buffer.concat([name, dump]) };
      }),
    );
  } finally {
    link.close();
  }
}

function parentOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[1]);
  } catch {
    return 0;
  }
}
