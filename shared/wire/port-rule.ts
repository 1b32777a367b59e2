import { SubforgeError } from "../errors.ts";

/** First and last port, both included. */
export type PortRange = readonly [first: number, last: number];

/** What an operator says about the ports of miners. What is denied beats what is allowed. */
export type PortRule = { allow: readonly PortRange[]; deny: readonly PortRange[] };

/** Below this is what the operating system gives to its own services, but for the web. */
const FIRST_USER_PORT = 1_024;
const WEB_PORTS = new Set([80, 443]);

/**
 * What listens here is infrastructure, and answers a stranger's bytes at its own risk: a miner that announces it wants
 * validators to talk to it.
 */
const SERVICE_PORTS = new Map([
  [1433, "SQL Server"],
  [1521, "Oracle"],
  [2049, "NFS"],
  [2181, "ZooKeeper"],
  [2375, "Docker"],
  [2376, "Docker"],
  [2377, "Docker Swarm"],
  [2379, "etcd"],
  [2380, "etcd"],
  [3306, "MySQL"],
  [3389, "remote desktop"],
  [4369, "Erlang port mapper"],
  [5432, "PostgreSQL"],
  [5672, "AMQP"],
  [5900, "VNC"],
  [5984, "CouchDB"],
  [5985, "WinRM"],
  [5986, "WinRM"],
  [6379, "Redis"],
  [6380, "Redis with TLS"],
  [6443, "Kubernetes"],
  [7001, "Cassandra"],
  [8500, "Consul"],
  [9042, "Cassandra"],
  [9092, "Kafka"],
  [9200, "Elasticsearch"],
  [9300, "Elasticsearch"],
  [9933, "Substrate RPC"],
  [9944, "Substrate RPC"],
  [10250, "kubelet"],
  [10255, "kubelet"],
  [11211, "memcached"],
  [15672, "RabbitMQ"],
  [16379, "Redis Cluster"],
  [26379, "Redis Sentinel"],
  [27017, "MongoDB"],
  [30333, "Substrate peers"],
]);

/** May a miner be called on this port? @param rule - What the operator says; it decides before the list does. */
export function isPortAllowed(port: number, rule?: PortRule): boolean {
  const isIn = ([first, last]: PortRange) => port >= first && port <= last;
  if (rule?.deny.some(isIn)) return false;
  if (rule?.allow.some(isIn)) return true;
  if (port < FIRST_USER_PORT) return WEB_PORTS.has(port);
  return !SERVICE_PORTS.has(port);
}

/**
 * Ports as an operator writes them: `22,8000-8100`. Empty text is no port.
 *
 * @param what - Name of the flag.
 * @throws SubforgeError CONFIG_INVALID
 */
export function parsePortRanges(text: string, what: string): PortRange[] {
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  return words.map((word) => {
    const [first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(word)?.slice(1) ?? [];
    const range: PortRange = [Number(first), Number(last)];
    if (range[0] >= 1 && range[0] <= range[1] && range[1] <= 65_535) return range;
    throw new SubforgeError("CONFIG_INVALID", { what, problems: [`${word} is no port and no range`] });
  });
}
