/** The release whose behaviour we mimic: older ones than 7.2.0 fall under a weaker rule of freshness. */
export const V10_VERSION = versionInt("10.2.0");

/**
 * A release as one number, as v10 peers write it.
 *
 * @param version - Three numbers below 1000; a suffix such as `rc1` does not count.
 */
export function versionInt(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major * 1_000_000 + minor * 1_000 + patch;
}
