import { blake2b256 } from "../../../state/hashing.ts";
import { option } from "../../../types/composites.ts";
import { bytesToHex } from "../../../types/hex.ts";
import { CompactU32, U16, U32, U64 } from "../../../types/primitives.ts";
import { H256, MultiAddress } from "../../../types/substrate-types.ts";
import { named } from "../../../types/type-node.ts";
import { addWeight, call, weight } from "../../dsl/calls.ts";
import { ensureSigned } from "../../dsl/context.ts";
import { DispatchFailure, ensure } from "../../dsl/errors.ts";
import { constant, type Pallet, type RuntimeTypes } from "../../dsl/pallet.ts";
import { lookup } from "../balances.ts";
import {
  ANNOUNCEMENT_BASE,
  ANNOUNCEMENT_FACTOR,
  announce,
  dropAnnouncements,
  MAX_PENDING,
} from "./announcements.ts";
import {
  actFor,
  addProxy,
  createPure,
  DEPOSIT_BASE,
  DEPOSIT_FACTOR,
  findProxy,
  killPure,
  MAX_PROXIES,
  removeProxies,
  removeProxy,
} from "./proxies.ts";
import { errors, events, ProxyStorage, ProxyType, proxyId } from "./proxy-storage.ts";

const Address = named("AccountIdLookupOf<T>", MultiAddress);
const Type = named("T::ProxyType", ProxyType);
const MaybeType = named("Option<T::ProxyType>", option(ProxyType));
const Block = named("BlockNumberFor<T>", U32);
const Hash = named("CallHashOf<T>", H256);
const CompactBlock = named("BlockNumberFor<T>", CompactU32);

/** Accounts that act for others, with some of their rights or all. */
export function createProxy(types: RuntimeTypes): Pallet {
  const inner = named("Box<<T as Config>::RuntimeCall>", types.call);
  return {
    ...proxyId,
    path: "pallet_subtensor_proxy::pallet",
    storage: ProxyStorage,
    errors,
    events,
    constants: {
      ProxyDepositBase: constant(U64, DEPOSIT_BASE),
      ProxyDepositFactor: constant(U64, DEPOSIT_FACTOR),
      MaxProxies: constant(U32, MAX_PROXIES),
      MaxPending: constant(U32, MAX_PENDING),
      AnnouncementDepositBase: constant(U64, ANNOUNCEMENT_BASE),
      AnnouncementDepositFactor: constant(U64, ANNOUNCEMENT_FACTOR),
    },
    calls: {
      proxy: call({
        index: 0,
        args: { real: Address, force_proxy_type: MaybeType, call: inner },
        weight: ({ call: of }) => addWeight(weight(203_026_265n, 4_254n), types.info(of).weight),
        pays: ({ call: of }) => types.info(of).pays,
        run(c, { real: address, force_proxy_type, call: of }) {
          const who = ensureSigned(c.origin);
          const real = lookup(address);
          const proxy = findProxy(c.store, real, who, force_proxy_type);
          ensure(proxy.delay === 0, errors.is.Unannounced);
          actFor(c, proxy, real, of);
        },
      }),
      add_proxy: call({
        index: 1,
        args: { delegate: Address, proxy_type: Type, delay: Block },
        weight: weight(150_770_804n, 4_254n),
        run(c, { delegate, ...terms }) {
          addProxy(c, ensureSigned(c.origin), { delegate: lookup(delegate), ...terms });
        },
      }),
      remove_proxy: call({
        index: 2,
        args: { delegate: Address, proxy_type: Type, delay: Block },
        weight: weight(252_827_049n, 4_254n),
        run(c, { delegate, ...terms }) {
          removeProxy(c, ensureSigned(c.origin), { delegate: lookup(delegate), ...terms });
        },
      }),
      remove_proxies: call({
        index: 3,
        args: {},
        weight: weight(152_407_028n, 4_254n),
        run(c) {
          removeProxies(c, ensureSigned(c.origin));
        },
      }),
      create_pure: call({
        index: 4,
        args: { proxy_type: Type, delay: Block, index: U16 },
        weight: weight(152_853_436n, 4_254n),
        run(c, { proxy_type, delay, index }) {
          createPure(c, ensureSigned(c.origin), proxy_type, delay, index);
        },
      }),
      kill_pure: call({
        index: 5,
        args: { spawner: Address, proxy_type: Type, index: U16, height: CompactBlock, ext_index: CompactU32 },
        weight: weight(151_529_087n, 4_254n),
        run(c, { spawner, proxy_type, index, height, ext_index }) {
          const birth = { height, extrinsic: ext_index };
          killPure(c, ensureSigned(c.origin), lookup(spawner), proxy_type, index, birth);
        },
      }),
      announce: call({
        index: 6,
        args: { real: Address, call_hash: Hash },
        weight: weight(309_286_251n, 8_615n),
        run(c, { real, call_hash }) {
          announce(c, ensureSigned(c.origin), lookup(real), call_hash);
        },
      }),
      remove_announcement: call({
        index: 7,
        args: { real: Address, call_hash: Hash },
        weight: weight(275_595_226n, 8_615n),
        run(c, { real: address, call_hash }) {
          const real = lookup(address);
          dropAnnouncements(
            c,
            ensureSigned(c.origin),
            (announced) => announced.real === real && announced.call_hash === call_hash,
          );
        },
      }),
      reject_announcement: call({
        index: 8,
        args: { delegate: Address, call_hash: Hash },
        weight: weight(276_388_332n, 8_615n),
        run(c, { delegate, call_hash }) {
          const real = ensureSigned(c.origin);
          dropAnnouncements(
            c,
            lookup(delegate),
            (announced) => announced.real === real && announced.call_hash === call_hash,
          );
        },
      }),
      proxy_announced: call({
        index: 9,
        args: { delegate: Address, real: Address, force_proxy_type: MaybeType, call: inner },
        weight: ({ call: of }) => addWeight(weight(478_234_507n, 8_615n), types.info(of).weight),
        run(c, { delegate: of, real: address, force_proxy_type, call: announced }) {
          ensureSigned(c.origin); // anybody may carry it out once its time has come
          const delegate = lookup(of);
          const real = lookup(address);
          const proxy = findProxy(c.store, real, delegate, force_proxy_type);
          const hash = bytesToHex(blake2b256(types.call.encode(announced)));
          try {
            dropAnnouncements(
              c,
              delegate,
              ({ real: by, call_hash, height }) =>
                by === real && call_hash === hash && c.block - height >= proxy.delay,
            );
          } catch (error) {
            if (!(error instanceof DispatchFailure)) throw error;
            ensure(false, errors.is.Unannounced);
          }
          actFor(c, proxy, real, announced);
        },
      }),
    },
  };
}
