import { beforeEach, describe, expect, it } from "vitest";
import type { BareChain } from "../../bare-chain.ts";
import { Networks } from "./network-storage.ts";
import { Neurons } from "./neuron-storage.ts";
import {
  COLDKEY,
  createTestChain,
  failure,
  HOTKEY,
  OWNER,
  OWNER_HOTKEY,
  ok,
  openSubnet,
  SUBTENSOR,
  TAO,
} from "./test-subnet.test-kit.ts";

const netuid = 2;
const bytes = (length: number) => new Uint8Array(length).fill(0x61);
const none = bytes(0);

let chain: BareChain;

beforeEach(() => {
  chain = createTestChain();
  openSubnet(chain, netuid);
});

describe("identities", () => {
  const person = {
    name: bytes(256),
    url: none,
    github_repo: none,
    image: bytes(1024),
    discord: none,
    description: none,
    additional: none,
  };
  const subnet = {
    subnet_name: bytes(256),
    github_repo: bytes(1024),
    subnet_contact: none,
    subnet_url: none,
    discord: none,
    description: none,
    logo_url: none,
    additional: none,
  };

  it("are for coldkeys with a registered hotkey, in fields of bounded length", () => {
    const set = (identity: object) => chain.call(COLDKEY, SUBTENSOR, "set_identity", { ...identity });
    expect(failure(set(person))).toBe("HotKeyNotRegisteredInNetwork");
    ok(chain.call(COLDKEY, SUBTENSOR, "burned_register", { netuid, hotkey: HOTKEY }));
    expect(failure(set({ ...person, name: bytes(257) }))).toBe("InvalidIdentity");
    ok(set(person));
    expect(Neurons.IdentitiesV2.get(chain.state, COLDKEY)?.name).toEqual(bytes(256));
  });

  it("of subnets are the owner's to set, also while registering", () => {
    const set = (who: typeof OWNER, identity: object) =>
      chain.call(who, SUBTENSOR, "set_subnet_identity", { netuid, ...identity });
    expect(failure(set(COLDKEY, subnet))).toBe("NotSubnetOwner");
    expect(failure(set(OWNER, { ...subnet, discord: bytes(257) }))).toBe("InvalidIdentity");
    ok(set(OWNER, subnet));
    const register = (identity: object | undefined) =>
      chain.call(OWNER, SUBTENSOR, "register_network_with_identity", { hotkey: OWNER_HOTKEY, identity });
    expect(failure(register({ ...subnet, subnet_name: bytes(257) }))).toBe("InvalidIdentity");
    expect(Networks.NetworksAdded.get(chain.state, 3)).toBe(false);
    ok(register(subnet));
    ok(register(undefined));
    expect(Networks.SubnetIdentitiesV3.get(chain.state, 3)?.subnet_name).toEqual(bytes(256));
    expect(Networks.SubnetIdentitiesV3.exists(chain.state, 4)).toBe(false);
  });
});

describe("addresses", () => {
  const axon = {
    netuid,
    version: 1,
    ip: 3_221_225_985n,
    port: 8091,
    ip_type: 4,
    protocol: 4,
    placeholder1: 0,
    placeholder2: 0,
  };

  it("come with a certificate where it is well formed, and without one where it is not", () => {
    const serve = (certificate: Uint8Array) =>
      chain.call(OWNER_HOTKEY, SUBTENSOR, "serve_axon_tls", { ...axon, certificate });
    ok(serve(bytes(66)));
    expect(Neurons.NeuronCertificates.exists(chain.state, netuid, OWNER_HOTKEY)).toBe(false);
    chain.pass(50);
    ok(serve(Uint8Array.of(7, 1, 2, 3)));
    expect(Neurons.NeuronCertificates.get(chain.state, netuid, OWNER_HOTKEY)).toEqual({
      algorithm: 7,
      public_key: Uint8Array.of(1, 2, 3),
    });
  });

  it("of metrics are checked in an order of their own, and are never zero", () => {
    const serve = (change: object, who = OWNER_HOTKEY) => {
      const { version, ip, port, ip_type } = axon;
      const args = { netuid, version, ip, port, ip_type, ...change };
      return failure(chain.call(who, SUBTENSOR, "serve_prometheus", args));
    };
    expect(serve({ ip_type: 5 }, HOTKEY)).toBe("InvalidIpType");
    expect(serve({ ip: 0n }, HOTKEY)).toBe("InvalidIpAddress");
    expect(serve({}, HOTKEY)).toBe("HotKeyNotRegisteredInNetwork");
    expect(serve({ port: 0 })).toBe("InvalidPort");
    expect(serve({})).toBe("ok");
    expect(serve({})).toBe("ServingRateLimitExceeded");
  });
});

describe("registration with a limit", () => {
  it("is refused when the price has risen above it", () => {
    const register = (limit_price: bigint) =>
      chain.call(COLDKEY, SUBTENSOR, "register_limit", { netuid, hotkey: HOTKEY, limit_price });
    expect(failure(register(TAO / 2n))).toBe("RegistrationPriceLimitExceeded");
    ok(register(TAO));
    expect(Neurons.Uids.get(chain.state, netuid, HOTKEY)).toBe(1);
  });
});
