/** Keys that validators, workers and the replay stores of miners have in Redis. */
const KEYS = ["sf:*", "btauth1:*"];

/** What queues, leases, announcements and replay stores call, scripts included. Each is called by a test, and no other. */
const COMMANDS = (
  "bzpopmin client|setname del eval evalsha exec exists get hdel hexists hget hgetall hincrby hmget hmset hset incr " +
  "info lindex llen lpos lpush lrange lrem mget multi pexpire pttl rpoplpush rpush sadd scard set smembers srem time xadd " +
  "xtrim zadd zcard zpopmin zrange zrangebyscore zrem zremrangebyrank zrevrange zrevrangebyscore zscore"
).split(" ");

/** What a cluster needs besides: who keeps which keys. */
const CLUSTER_COMMANDS = ["cluster|slots", "cluster|info"];

/**
 * The least a user of Redis must be allowed, as `ACL SETUSER NAME on >PASSWORD …` and ACL files take it. No channels.
 *
 * @param options.cluster - For the nodes of a cluster.
 */
export function aclRule({ cluster = false } = {}): string {
  const commands = [...COMMANDS, ...(cluster ? CLUSTER_COMMANDS : [])];
  return [
    "resetchannels",
    ...KEYS.map((key) => `~${key}`),
    "-@all",
    ...commands.map((name) => `+${name}`),
  ].join(" ");
}
