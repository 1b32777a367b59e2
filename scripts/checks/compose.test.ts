import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { aclRule } from "../../shared/queue/acl-rule.ts";
import { parseRedisAddress } from "../../shared/queue/redis-address.ts";
import { COMMANDS } from "../cli.ts";
import { type AnyCommand, type CommandGroup, globalOptions } from "../options.ts";
import { readSource } from "./sources.ts";

type Service = {
  image: string;
  build?: { dockerfile: string; target: string };
  user?: string;
  command?: string[];
  environment?: Record<string, string>;
  healthcheck?: unknown;
  ports?: string[];
  volumes?: string[];
  stop_grace_period?: string;
  privileged?: boolean;
};

const text = readSource("docker-compose.yml") ?? "";
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> };
const ours = Object.entries(services).filter(([, { build }]) => build !== undefined);

/** Variables that are read without being a flag. */
const PLAIN_VARIABLES = ["REDIS_URL"];

describe("docker-compose.yml", () => {
  it("has the parts of a deployment beyond one machine", () => {
    expect(Object.keys(services).sort()).toEqual(["chain", "miner", "redis", "validator", "worker"]);
  });

  it.each(ours)("%s runs a command that exists, with flags and variables it knows", (_name, service) => {
    const words = service.command ?? [];
    const { command, rest } = findCommand(COMMANDS, words);
    const known = Object.keys({ ...globalOptions, ...command?.builder });
    const flags = rest.filter((word) => word.startsWith("--")).map((word) => word.slice(2));
    const variables = Object.keys(service.environment ?? {})
      .filter((name) => !PLAIN_VARIABLES.includes(name))
      .map((name) =>
        name
          .replace(/^SUBFORGE_/, "")
          .toLowerCase()
          .replaceAll("_", "-"),
      );
    expect([...flags, ...variables].filter((name) => !known.includes(name))).toEqual([]);
  });

  it.each(ours)("%s is built by a stage that exists", (_name, { build }) => {
    expect(readSource(build!.dockerfile)).toMatch(new RegExp(`^FROM .* AS ${build!.target}$`, "m"));
  });

  it.each(Object.entries(services))(
    "%s has time to stop, and no more rights than it needs",
    (name, service) => {
      expect(service.stop_grace_period).toBe("30s");
      expect(service.privileged).toBeUndefined();
      if (name !== "chain") expect(service.user).toMatch(/^("?\$\{SUBFORGE_UID:-1000\}|999):/); // that image is root's
    },
  );

  it("watches the health of every service", () => {
    expect(Object.keys(services).filter((name) => services[name]?.healthcheck === undefined)).toEqual([]);
  });

  it("mounts wallets read-only and publishes nothing but the miner to the world", () => {
    const mounts = ours
      .flatMap(([, { volumes = [] }]) => volumes)
      .filter((volume) => volume.includes("wallets"));
    expect(mounts.length).toBeGreaterThan(0);
    expect(mounts.every((mount) => mount.endsWith(":ro"))).toBe(true);
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => `${name} ${port}`),
    );
    expect(published).toEqual(["chain 127.0.0.1:9944:9944", "miner 8091:8091"]);
  });

  it("gives Redis one user with the documented rule, by the hash of its password, and a bound on memory", () => {
    const redis = services.redis!;
    const start = redis.command?.join(" ") ?? "";
    expect(redis.volumes).toContain("./docker/redis-users.acl:/etc/subforge/users.acl:ro");
    expect(start).toMatch(/--aclfile .* --maxmemory .* --maxmemory-policy noeviction/);
    expect(readSource("docker/redis-users.acl")).toBe(
      `user default off\nuser subforge on #PASSWORD_SHA256 ${aclRule()}\n`,
    );
    for (const name of ["validator", "worker"]) {
      const { REDIS_URL = "" } = services[name]!.environment ?? {};
      const address = parseRedisAddress(REDIS_URL.replace(/\$\{[^}]*\}/, "secret"));
      expect(address).toMatchObject({ kind: "single", username: "subforge", where: "redis:6379" });
      expect(services[name]!.environment!.SUBFORGE_QUEUE_PRIVATE_NETWORK).toBe("true");
    }
  });

  it("can run any number of workers: none has a name, a port or a folder of its own", () => {
    const worker = services.worker as Service & { container_name?: string };
    expect(worker.container_name).toBeUndefined();
    expect(worker.ports).toBeUndefined();
    expect(worker.volumes?.every((volume) => volume.endsWith(":ro"))).toBe(true);
  });

  it("holds no secret: passwords come from the environment, and the example leaves them empty", () => {
    const named = text.matchAll(/^\s*\w*(?:PASSWORD|SECRET|MNEMONIC|TOKEN)\w*:\s*(\S.*)$/gim);
    const secrets = [...named].map(([, value]) => value);
    expect(secrets.filter((value) => !value?.startsWith("${"))).toEqual([]);
    expect(readSource("docker/env.example")).toMatch(/^REDIS_PASSWORD=$/m);
  });
});

function findCommand(
  entries: readonly (AnyCommand | CommandGroup)[],
  words: readonly string[],
): { command: AnyCommand | undefined; rest: readonly string[] } {
  const [word = "", ...rest] = words;
  for (const entry of entries) {
    if ("group" in entry && entry.group === word) return findCommand(entry.commands, rest);
    if ("command" in entry && entry.command.split(" ")[0] === word) return { command: entry, rest };
  }
  throw new Error(`no command ${words.join(" ")}`);
}
