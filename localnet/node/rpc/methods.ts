import { authorMethods } from "./author.ts";
import { chainMethods } from "./chain.ts";
import { devMethods } from "./dev.ts";
import { devStateMethods } from "./dev-state.ts";
import { faultMethods } from "./faults.ts";
import { paymentMethods } from "./payment.ts";
import type { RpcMethods } from "./rpc.ts";
import { stateMethods } from "./state.ts";
import { subtensorMethods } from "./subtensor.ts";
import { systemMethods } from "./system.ts";

/**
 * All methods of a node. Clients drop what `rpc_methods` does not list.
 *
 * @param dev - Serve `dev_*` too: whoever reaches the port may then rewrite the chain.
 */
export function createMethods({ dev }: { dev: boolean }): ReadonlyMap<string, RpcMethods[string]> {
  const methods = new Map(
    [
      systemMethods,
      chainMethods,
      stateMethods,
      authorMethods,
      paymentMethods,
      subtensorMethods,
      ...(dev ? [devMethods, devStateMethods, faultMethods] : []),
    ].flatMap((family) => Object.entries(family)),
  );
  const names = [...methods.keys(), "rpc_methods"].sort();
  methods.set("rpc_methods", () => ({ methods: names }));
  return methods;
}
