import { beforeEach, describe, expect, it } from "vitest";
import { blake2b256 } from "../../../state/hashing.ts";
import { bytesToHex } from "../../../types/hex.ts";
import { BareChain } from "../../bare-chain.ts";
import type { Account, RuntimeCall } from "../../dsl/context.ts";
import { createPallets } from "../../pallets.ts";
import { declareRuntime } from "../../runtime-types.ts";
import { freeBalance } from "../accounts.ts";
import { account, failure, ok, TAO } from "../subtensor/test-subnet.test-kit.ts";
import { System } from "../system-storage.ts";
import { ProxyStorage } from "./proxy-storage.ts";

const REAL = account(0xa0);
const DELEGATE = account(0xb0);
const TARGET = account(0xc0);

let chain: BareChain;

beforeEach(() => {
  chain = new BareChain({
    balances: [REAL, DELEGATE].map((who) => ({ account: who, rao: 1000n * TAO })),
    sudo: REAL,
    slotMs: 250,
  });
});

const act = (who: Account, name: string, args: Record<string, unknown>) =>
  chain.call(who, "Proxy", name, args);
const add = (type: string, delay = 0, delegate = DELEGATE) =>
  act(REAL, "add_proxy", { delegate: id(delegate), proxy_type: { type }, delay });
const send = (rao: bigint): RuntimeCall => ({
  type: "Balances",
  value: { type: "transfer_keep_alive", value: { dest: id(TARGET), value: rao } },
});
const batched = (call: RuntimeCall): RuntimeCall => ({
  type: "Utility",
  value: { type: "batch_all", value: { calls: [call] } },
});
const proxy = (call: RuntimeCall, type?: string) =>
  act(DELEGATE, "proxy", { real: id(REAL), force_proxy_type: type && { type }, call });
const received = () => freeBalance(chain.state, TARGET);

describe("a proxy", () => {
  it("acts for another within its rights, and for nobody who did not ask for it", () => {
    expect(failure(proxy(send(TAO)))).toBe("NotProxy");
    ok(add("Any"));
    ok(proxy(send(TAO)));
    expect(received()).toBe(TAO);
    expect(failure(proxy(send(TAO), "Staking"))).toBe("NotProxy");
    ok(act(REAL, "remove_proxy", { delegate: id(DELEGATE), proxy_type: { type: "Any" }, delay: 0 }));
    expect(failure(proxy(send(TAO)))).toBe("NotProxy");
  });

  it("is filtered by its type, also inside a batch, and tells so by its event alone", () => {
    ok(add("NonTransfer"));
    ok(proxy(send(TAO)));
    ok(proxy(batched(send(TAO))));
    expect(received()).toBe(0n);
  });

  it("makes batches, but none directly inside of another; root may", () => {
    ok(add("Any"));
    ok(proxy(batched(send(TAO))));
    expect(received()).toBe(TAO);
    ok(proxy(batched(batched(send(TAO)))));
    expect(received()).toBe(TAO);
    expect(failure(chain.call(REAL, "Utility", "batch", { calls: [batched(send(TAO))] }))).toBe(
      "CallFiltered",
    );
    ok(chain.root("Utility", "batch", { calls: [batched(send(TAO))] }));
  });

  it.each([
    ["Transfer", 2n * TAO],
    ["SmallTransfer", 0n],
    ["Staking", 0n],
    ["Any", 2n * TAO],
    ["NonCritical", 2n * TAO],
    ["NonFungible", 0n],
    ["Senate", 0n],
  ])("of type %s can send %s", (type, rao) => {
    ok(add(type));
    ok(proxy(send(2n * TAO)));
    expect(received()).toBe(rao);
  });

  it("of the small kind sends less than half a coin", () => {
    ok(add("SmallTransfer"));
    ok(proxy(send(TAO / 2n)));
    expect(received()).toBe(0n);
    ok(proxy(send(TAO / 2n - 1n)));
    expect(received()).toBe(TAO / 2n - 1n);
  });

  it("cannot give itself more rights than it has", () => {
    ok(add("NonTransfer"));
    const grant = (type: string): RuntimeCall => ({
      type: "Proxy",
      value: { type: "add_proxy", value: { delegate: id(DELEGATE), proxy_type: { type }, delay: 0 } },
    });
    ok(proxy(grant("Any")));
    ok(proxy(grant("Transfer")));
    expect(ProxyStorage.Proxies.get(chain.state, REAL)[0]).toHaveLength(1);
    ok(proxy(grant("Staking")));
    expect(ProxyStorage.Proxies.get(chain.state, REAL)[0]).toHaveLength(2);
  });
});

describe("deposits", () => {
  it("grow with the list and come back with the last entry", () => {
    const reserved = () => System.Account.get(chain.state, REAL).data.reserved;
    ok(add("Any"));
    expect(reserved()).toBe(93_000_000n);
    ok(add("Staking"));
    expect(reserved()).toBe(126_000_000n);
    expect(failure(add("Staking"))).toBe("Duplicate");
    expect(failure(add("Any", 0, REAL))).toBe("NoSelfProxy");
    ok(act(REAL, "remove_proxies", {}));
    expect(reserved()).toBe(0n);
    expect(freeBalance(chain.state, REAL)).toBe(1000n * TAO);
    expect(System.Account.get(chain.state, REAL).consumers).toBe(0);
  });

  it("end at twenty", () => {
    for (let i = 1; i <= 20; i++) ok(add("Any", i));
    expect(failure(add("Any", 21))).toBe("TooMany");
  });
});

describe("a proxy with a delay", () => {
  const types = declareRuntime(createPallets({ slotMs: 250 })).types;
  const hash = bytesToHex(blake2b256(types.call.encode(send(TAO))));
  const carryOut = () =>
    act(TARGET, "proxy_announced", {
      delegate: id(DELEGATE),
      real: id(REAL),
      force_proxy_type: undefined,
      call: send(TAO),
    });

  beforeEach(() => {
    ok(add("Any", 3));
    ok(act(DELEGATE, "announce", { real: id(REAL), call_hash: hash }));
  });

  it("must announce and wait; then anybody may carry it out, once", () => {
    expect(failure(proxy(send(TAO)))).toBe("Unannounced");
    expect(failure(carryOut())).toBe("Unannounced");
    chain.pass(2);
    ok(carryOut());
    expect(received()).toBe(TAO);
    expect(failure(carryOut())).toBe("Unannounced");
    expect(System.Account.get(chain.state, DELEGATE).data.reserved).toBe(0n);
  });

  it("can be stopped by whom it concerns", () => {
    ok(act(REAL, "reject_announcement", { delegate: id(DELEGATE), call_hash: hash }));
    chain.pass(3);
    expect(failure(carryOut())).toBe("Unannounced");
  });
});

describe("a pure account", () => {
  it("has no key, obeys its maker, and is gone for good when it is killed", () => {
    const type = { type: "Any" };
    ok(act(DELEGATE, "create_pure", { proxy_type: type, delay: 0, index: 0 }));
    const [[[pure]]] = [...ProxyStorage.Proxies.entries(chain.state)] as [[[Account], unknown]];
    ok(chain.call(REAL, "Balances", "transfer_keep_alive", { dest: id(pure), value: 5n * TAO }));
    const asPure = (call: RuntimeCall) =>
      act(DELEGATE, "proxy", { real: id(pure), force_proxy_type: undefined, call });
    ok(asPure(send(TAO)));
    expect(received()).toBe(TAO);
    const kill = (height: number): RuntimeCall => ({
      type: "Proxy",
      value: {
        type: "kill_pure",
        value: { spawner: id(DELEGATE), proxy_type: type, index: 0, height, ext_index: 0 },
      },
    });
    ok(asPure(kill(9)));
    expect(ProxyStorage.Proxies.exists(chain.state, pure)).toBe(true);
    ok(asPure(kill(1)));
    expect(ProxyStorage.Proxies.exists(chain.state, pure)).toBe(false);
    expect(System.Account.get(chain.state, DELEGATE).data.reserved).toBe(0n);
  });
});

function id(value: Account) {
  return { type: "Id", value } as const;
}
