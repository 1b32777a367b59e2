import type { Logger } from "../../shared/logger.ts";
import type { BlockNumber } from "../../shared/types.ts";
import type { Store } from "../state/store.ts";
import type { Call } from "./dsl/calls.ts";
import type { CallContext, Context, DispatchOutcome, Origin, RuntimeCall } from "./dsl/context.ts";
import { DispatchFailure, ensure } from "./dsl/errors.ts";
import type { Pallet } from "./dsl/pallet.ts";
import { EventLog } from "./event-log.ts";
import { systemErrors } from "./pallets/system-storage.ts";
import { callOf } from "./runtime-types.ts";

/** One stretch of work on one state: a block, a check or a question. */
export type Session = { store: Store; block: BlockNumber; events: EventLog };

export function openSession(store: Store, block: BlockNumber): Session {
  return { store, block, events: new EventLog() };
}

export function contextOf({ store, block, events }: Session): Context {
  return { store, block, deposit: (event) => events.deposit(event) };
}

export type Dispatcher = (session: Session, call: RuntimeCall, origin: Origin) => DispatchOutcome;

/** Runs calls, each in a layer of its own: one that fails leaves neither changes nor events. */
export function createDispatcher(pallets: readonly Pallet[], logger: Logger): Dispatcher {
  const guards = pallets.filter((pallet) => pallet.checkDispatch !== undefined);
  const dispatch: Dispatcher = (session, call, origin) => {
    const declared = callOf(pallets, call);
    const eventsBefore = session.events.count;
    const context: CallContext = {
      ...contextOf(session),
      origin,
      dispatch: (inner, as) => dispatch(session, inner, as),
    };
    try {
      const post = session.store.transaction(() => run(declared, call, context));
      return { ok: true, post: post ?? {} };
    } catch (error) {
      session.events.rewind(eventsBefore);
      const name = `${call.type}.${call.value.type}`;
      if (error instanceof DispatchFailure)
        return { ok: false, error: error.error, name: error.message, post: {} };
      logger.error("call-crashed", { call: name, block: session.block, reason: String(error) });
      return { ok: false, error: { type: "Other" }, name: String(error), post: {} };
    }
  };
  const run = (declared: Call, call: RuntimeCall, context: CallContext) => {
    const { origin } = context;
    if (origin.kind === "signed") {
      ensure(origin.allows?.(call) ?? true, systemErrors.is.CallFiltered);
      for (const pallet of guards) pallet.checkDispatch?.(context, call);
    }
    return declared.run(context, call.value.value);
  };
  return dispatch;
}
