import { joinRows } from "./feeds.ts";
import type { Frame } from "./frames.ts";
import type { Host } from "./host-session.ts";
import type { Link, LinkEvents, LinkOptions } from "./link.ts";

/** The session in this very thread. Killing it only stops listening: what computes cannot be ended. */
export function openInlineLink({ order }: LinkOptions, events: LinkEvents): Link {
  let isOpen = true;
  // Late: the native runtime is loaded into this process only when it is wanted here.
  const hosting = import("./host-session.ts").then(({ hostSession }) => hostSession(order, false));
  let turn: Promise<unknown> = hosting.then(({ said }) => tell(said));
  const answer = async (host: Host | undefined, frame: Frame) => {
    if (isOpen && host) tell(await host.answer(frame));
  };
  return {
    pid: process.pid,
    send: (id, parts) => {
      const frame = { id, head: {}, tensors: joinRows(parts) };
      turn = turn.then(async () => answer((await hosting).host, frame));
    },
    kill: () => {
      isOpen = false;
      turn.then(async () => (await hosting).host?.release());
      events.ended("was ended");
    },
  };

  function tell(frame: Frame): void {
    if (isOpen) events.received(frame);
  }
}
