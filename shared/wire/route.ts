/**
 * Request target of a synapse: what a validator signs and what a miner listens on. POST only.
 *
 * @example synapseRoute("hello", "guess") // "/hello/guess"
 */
export function synapseRoute(templateId: string, synapse: string): string {
  return `/${templateId}/${synapse}`;
}
