import { FAULT_KINDS, type Fault, type FaultKind } from "../faults/fault.ts";
import { invalidParams } from "../rpc-error.ts";
import type { RpcMethods } from "./rpc.ts";

/** Lets things go wrong on purpose: for tests of whatever talks to a chain. */
export const faultMethods: RpcMethods = {
  /** `{kind, ...options}` -> an id for `dev_clearFaults`. */
  dev_setFault: ([fault], { faults }) => faults.set(fault as Fault), // `set` checks it
  /** An id, a kind, or nothing for all -> how many ended. */
  dev_clearFaults: ([which], { faults }) => {
    if (which === undefined || which === null) return faults.clear();
    if (typeof which !== "number" && !FAULT_KINDS.includes(which as FaultKind))
      throw invalidParams(`clear an id, or one of ${FAULT_KINDS.join(", ")}`);
    return faults.clear(which as number | FaultKind);
  },
  /** -> those that did not end, oldest first. */
  dev_listFaults: (_, { faults }) => faults.list(),
};
