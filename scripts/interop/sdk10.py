"""The steps of the Python SDK 10, as its users write them."""

import bittensor as bt
from bittensor_wallet import Wallet
from session import serve
from wallet_steps import wallet_create, wallet_open  # noqa: F401, steps of this client too
from wire_v10 import v10_ask, v10_ask_badly, v10_serve, v10_stop  # noqa: F401

client = None
wallet = None


def check(response):
    if not response.success:
        raise RuntimeError(response.message or "it failed without a message")
    return response.message


def connect(args):
    global client, wallet
    client = bt.Subtensor(network=args["endpoint"])
    wallet = Wallet(name="interop", hotkey="owner", path=args["wallets"])
    return {"spec": client.substrate.runtime.runtime_version}


def with_hotkey(name):
    return Wallet(name="interop", hotkey=name, path=wallet.path)


def block(_):
    first = client.get_current_block()
    client.wait_for_block(first + 2)
    return client.get_current_block() - first


def balance(args):
    return client.get_balance(args["address"]).rao


def subnet_list(_):
    return [[subnet.netuid, subnet.subnet_name, subnet.price.tao] for subnet in client.all_subnets()]


def subnet_show(args):
    subnet = client.subnet(args["netuid"])
    info = client.get_subnet_info(args["netuid"])
    return {"owner": subnet.owner_coldkey, "tempo": info.tempo, "neurons": info.subnetwork_n}


def create_subnet(_):
    check(client.register_subnet(wallet))
    return [netuid for netuid in client.get_all_subnets_netuid()]


def start_subnet(args):
    return check(client.start_call(wallet, args["netuid"]))


def register(args):
    check(client.burned_register(with_hotkey(args["hotkey"]), args["netuid"]))
    return client.get_uid_for_hotkey_on_subnet(with_hotkey(args["hotkey"]).hotkey.ss58_address, args["netuid"])


def stake_add(args):
    hotkey = with_hotkey(args["hotkey"]).hotkey.ss58_address
    amount = bt.Balance.from_tao(args["tao"])
    check(client.add_stake(wallet, args["netuid"], hotkey, amount, safe_staking=args["safe"]))
    return client.get_stake(wallet.coldkeypub.ss58_address, hotkey, args["netuid"]).rao


def stake_remove(args):
    hotkey = with_hotkey(args["hotkey"]).hotkey.ss58_address
    amount = bt.Balance.from_tao(args["alpha"], args["netuid"])
    check(client.unstake(wallet, args["netuid"], hotkey, amount, safe_unstaking=args["safe"]))
    return client.get_stake(wallet.coldkeypub.ss58_address, hotkey, args["netuid"]).rao


def serve_axon(args):
    axon = bt.Axon(
        wallet=with_hotkey(args["hotkey"]),
        ip=args["ip"],
        port=args["port"],
        external_ip=args["ip"],
        external_port=args["port"],
    )
    return check(client.serve_axon(args["netuid"], axon))


def metagraph(args):
    graph = client.metagraph(args["netuid"], lite=False)
    return {
        "block": int(graph.block),
        "uid": graph.uids.tolist(),
        "hotkey": graph.hotkeys,
        "coldkey": graph.coldkeys,
        "axon": [f"{axon.ip}:{axon.port}" for axon in graph.axons],
        "validatorPermit": graph.validator_permit.tolist(),
        "active": [bool(active) for active in graph.active],
        "stakeTao": graph.stake.tolist(),
        "incentive": graph.incentive.tolist(),
        "dividends": graph.dividends.tolist(),
        "consensus": graph.consensus.tolist(),
        "lastUpdate": graph.last_update.tolist(),
    }


def set_weights(args):
    signer = with_hotkey(args["hotkey"])
    return check(
        client.set_weights(signer, args["netuid"], args["uids"], args["weights"], version_key=0, max_attempts=1)
    )


# Both use the SDK's own version key: it commits with that one whatever it is given.
def commit_hash(args):
    return check(
        client.commit_weights(
            with_hotkey(args["hotkey"]),
            args["netuid"],
            args["salt"],
            args["uids"],
            args["weights"],
            max_attempts=1,
            wait_for_inclusion=True,
            wait_for_finalization=True,
        )
    )


def reveal_hash(args):
    return check(
        client.reveal_weights(
            with_hotkey(args["hotkey"]),
            args["netuid"],
            args["uids"],
            args["weights"],
            args["salt"],
            max_attempts=1,
        )
    )


def commit_timelock(args):
    check(
        client.set_weights(
            with_hotkey(args["hotkey"]),
            args["netuid"],
            args["uids"],
            args["weights"],
            version_key=0,
            max_attempts=1,
            block_time=0.25,
        )
    )
    return len(client.get_timelocked_weight_commits(args["netuid"]))


def set_commitment(args):
    signer = with_hotkey(args["hotkey"])
    check(client.set_commitment(signer, args["netuid"], args["text"]))
    return client.get_commitment(args["netuid"], args["uid"])


def hyperparameters(args):
    rules = client.get_subnet_hyperparameters(args["netuid"])
    return {"tempo": rules.tempo, "rateLimit": rules.weights_rate_limit}


def delegates(_):
    coldkey = wallet.coldkeypub.ss58_address
    return {
        "delegates": len(client.get_delegates()),
        "delegated": len(client.get_delegated(coldkey)),
        "stakes": [[stake.netuid, stake.stake.rao] for stake in client.get_stake_info_for_coldkey(coldkey)],
    }


def wallet_balance(_):
    return client.get_balance(wallet.coldkeypub.ss58_address).rao


def transfer(args):
    check(client.transfer(wallet, args["to"], bt.Balance.from_tao(args["tao"])))
    return client.get_balance(args["to"]).rao


if __name__ == "__main__":
    serve(globals())
