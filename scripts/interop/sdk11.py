"""The steps of the Python SDK 11, as its users write them."""

import hashlib
import struct

import bittensor as bt
from bittensor import calls, intents
from session import serve
from wire_btauth import btauth_ask, btauth_verify  # noqa: F401, steps of this client too

client = None
wallet = None


def connect(args):
    global client, wallet
    client = bt.Subtensor(args["endpoint"])
    wallet = bt.Wallet(name="interop", hotkey="owner", path=args["wallets"])
    return {"spec": client.spec_version}


def with_hotkey(name):
    return bt.Wallet(name="interop", hotkey=name, path=wallet.path)


def execute(intent, signer=None):
    return client.execute(intent, signer or wallet).raise_for_failure().message


def block(_):
    first = client.block
    client.wait_for_block(first + 2)
    return client.block - first


def balance(args):
    return client.balances.get(args["address"]).rao


def subnet_list(_):
    prices = client.prices.alpha_prices()
    names = client.subnets.subnet_names()
    return [[subnet.netuid, names.get(subnet.netuid), prices[subnet.netuid]] for subnet in client.subnets.all()]


def subnet_show(args):
    subnet = client.subnets.info(args["netuid"])
    graph = client.subnets.metagraph(args["netuid"])
    return {"owner": graph.owner_coldkey, "tempo": subnet.tempo, "neurons": subnet.neuron_count}


def create_subnet(_):
    execute(intents.RegisterSubnet())
    return [subnet.netuid for subnet in client.subnets.all()]


def start_subnet(args):
    return execute(intents.StartCall(netuid=args["netuid"]))


def register(args):
    # A raw call: the intent insists on the MEV shield, which a local chain does not have.
    hotkey = with_hotkey(args["hotkey"]).hotkey.ss58_address
    call = calls.SubtensorModule.burned_register(netuid=args["netuid"], hotkey=hotkey)
    client.submit_call(call, wallet).raise_for_failure()
    return client.neurons.uid(hotkey, args["netuid"])


def stake_add(args):
    hotkey = with_hotkey(args["hotkey"]).hotkey.ss58_address
    execute(
        intents.AddStake(
            hotkey_ss58=hotkey,
            netuid=args["netuid"],
            amount_tao=args["tao"],
            slippage_protection=args["safe"],
            rate_tolerance=0.05,
        )
    )
    return client.staking.get(wallet.coldkeypub.ss58_address, hotkey, args["netuid"]).rao


def stake_remove(args):
    hotkey = with_hotkey(args["hotkey"]).hotkey.ss58_address
    execute(
        intents.RemoveStake(
            hotkey_ss58=hotkey,
            netuid=args["netuid"],
            amount_alpha=args["alpha"],
            slippage_protection=args["safe"],
            rate_tolerance=0.05,
        )
    )
    return client.staking.get(wallet.coldkeypub.ss58_address, hotkey, args["netuid"]).rao


def serve_axon(args):
    intent = intents.ServeAxon(netuid=args["netuid"], ip=args["ip"], port=args["port"])
    return execute(intent, with_hotkey(args["hotkey"]))


def metagraph(args):
    graph = client.subnets.metagraph(args["netuid"])
    neurons = graph.neurons
    return {
        "block": graph.block,
        "uid": [neuron.uid for neuron in neurons],
        "hotkey": [neuron.hotkey for neuron in neurons],
        "coldkey": [neuron.coldkey for neuron in neurons],
        "validatorPermit": [neuron.validator_permit for neuron in neurons],
        "active": [neuron.active for neuron in neurons],
        "stakeTao": [neuron.total_stake.rao / 1e9 for neuron in neurons],
        "incentive": [neuron.incentive for neuron in neurons],
        "dividends": [neuron.dividends for neuron in neurons],
        "consensus": [neuron.consensus for neuron in neurons],
        "lastUpdate": [neuron.last_update for neuron in neurons],
    }


def set_weights(args):
    intent = intents.SetWeights(netuid=args["netuid"], uids=args["uids"], weights=args["weights"])
    return execute(intent, with_hotkey(args["hotkey"]))


# This SDK leaves hash commits to raw calls: the hash is what the chain's documentation says.
def commit_hash(args):
    signer = with_hotkey(args["hotkey"])
    netuid, uids, values, salt = args["netuid"], args["uids"], args["weights"], args["salt"]
    vector = lambda numbers: struct.pack(f"<B{len(numbers)}H", len(numbers) << 2, *numbers)
    version_key = struct.pack("<Q", 0)
    content = struct.pack("<H", netuid) + vector(uids) + vector(values) + vector(salt) + version_key
    digest = hashlib.blake2b(bytes(signer.hotkey.public_key) + content, digest_size=32).hexdigest()
    call = calls.SubtensorModule.commit_weights(netuid=netuid, commit_hash="0x" + digest)
    return client.submit_call(call, signer, signer="hotkey").raise_for_failure().message


def reveal_hash(args):
    intent = intents.RevealWeights(
        netuid=args["netuid"], uids=args["uids"], weights=args["weights"], salt=args["salt"]
    )
    return execute(intent, with_hotkey(args["hotkey"]))


def commit_timelock(args):
    set_weights(args)
    return len(client.weights.timelocked_weight_commits(args["netuid"]))


def set_commitment(args):
    signer = with_hotkey(args["hotkey"])
    data = args["text"].encode()
    info = {"fields": [{f"Raw{len(data)}": "0x" + data.hex()}]}
    call = calls.Commitments.set_commitment(netuid=args["netuid"], info=info)
    client.submit_call(call, signer, signer="hotkey").raise_for_failure()
    return client.identity.commitment(args["netuid"], signer.hotkey.ss58_address).data


def hyperparameters(args):
    rules = client.subnets.subnet_hyperparameters(args["netuid"])
    return {"tempo": rules["tempo"]}


def delegates(_):
    coldkey = wallet.coldkeypub.ss58_address
    return {
        "delegates": len(client.delegation.delegates()),
        "delegated": len(client.delegation.delegated(coldkey)),
        "stakes": [[stake.netuid, stake.stake.rao] for stake in client.staking.positions(coldkey)],
    }


def wallet_balance(_):
    return client.balances.get(wallet.coldkeypub.ss58_address).rao


def transfer(args):
    execute(intents.Transfer(dest_ss58=args["to"], amount_tao=args["tao"]))
    return client.balances.get(args["to"]).rao


def wallet_create(args):
    made = bt.Wallet(name=args["name"], hotkey=args["hotkey"], path=args["wallets"])
    encrypted = args["password"] is not None
    made.create_new_coldkey(use_password=encrypted, coldkey_password=args["password"], suppress=True)
    made.create_new_hotkey(use_password=encrypted, hotkey_password=args["password"], suppress=True)
    return {"coldkey": made.coldkeypub.ss58_address, "hotkey": made.hotkeypub.ss58_address}


def wallet_open(args):
    opened = bt.Wallet(name=args["name"], hotkey=args["hotkey"], path=args["wallets"])
    return {
        "coldkey": opened.get_coldkey(args["password"]).ss58_address,
        "hotkey": opened.hotkey.ss58_address,
    }


if __name__ == "__main__":
    serve(globals())
