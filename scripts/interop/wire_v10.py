"""Signed calls in the v10 convention, by the Axon and Dendrite of SDK 10 as their users write them."""

import asyncio
import http.client
import json
import time
from typing import ClassVar, Optional

import bittensor as bt
import numpy
from bittensor.core.tensor import dtypes
from bittensor.utils import networking
from bittensor_wallet import Wallet

# The SDK's table of dtypes imports torch for names that numpy users never meet.
dtypes.torch = True
# A dendrite asks the public internet for its own address before it does anything.
networking.get_external_ip = lambda: "203.0.113.7"

TIMEOUT = 5.0


class Plain(bt.Synapse):
    text: str
    answer: Optional[str] = None


class Hashed(bt.Synapse):
    text: str
    ids: list[int]
    scale: float = 1.5
    meta: dict[str, float] = {}
    answer: Optional[str] = None
    required_hash_fields: ClassVar[tuple[str, ...]] = ("text", "ids", "scale", "meta")


class Tensors(bt.Synapse):
    x: Optional[bt.Tensor] = None
    y: Optional[bt.Tensor] = None
    required_hash_fields: ClassVar[tuple[str, ...]] = ("x",)


class Nope(bt.Synapse):
    text: str = ""


ARRAYS = [
    numpy.arange(6, dtype=numpy.float32).reshape(2, 3),
    numpy.array([1, -1, 2**53 + 1], dtype=numpy.int64),
    numpy.array([[True], [False]]),
    numpy.arange(40_000, dtype=numpy.float64).reshape(200, 200).T,
]

running = None


def hotkey_of(args):
    return Wallet(name="interop", hotkey=args["hotkey"], path=args["wallets"]).hotkey


def target_of(args):
    ends = {"hotkey": args["axon"], "coldkey": args["axon"]}
    return bt.AxonInfo(version=10_002_000, ip="127.0.0.1", port=args["port"], ip_type=4, **ends)


async def ask_all(dendrite, axon):
    """The answers to good questions, and the statuses of bad ones."""

    async def ask(synapse):
        return await dendrite.call(axon, synapse, timeout=TIMEOUT, deserialize=False)

    plain = await ask(Plain(text="it's \u00e9\u2603\U0001f600"))
    hashed = await ask(
        Hashed(text="a'b\"c\n", ids=[1, 2**40], scale=1e-7, meta={"x": 1.0, "y": 1e22})
    )
    tensors = [await ask(Tensors(x=bt.Tensor.serialize(array))) for array in ARRAYS]
    return {
        "plain": [plain.is_success, plain.answer],
        "hashed": [hashed.is_success, hashed.answer],
        "tensors": [
            got.is_success and bool(numpy.array_equal(got.y.numpy(), array)) and str(got.y.numpy().dtype) == str(array.dtype)
            for got, array in zip(tensors, ARRAYS)
        ],
        "ping": (await ask(bt.Synapse())).is_success,
        "broken": (await ask(Plain(text="break"))).dendrite.status_code,
        "unknown": (await ask(Nope())).dendrite.status_code,
        "message": (await ask(Plain(text="break"))).dendrite.status_message,
    }


def v10_ask(args):
    async def run():
        async with bt.Dendrite(wallet=hotkey_of(args)) as dendrite:
            return await ask_all(dendrite, target_of(args))

    return asyncio.run(run())


def v10_ask_badly(args):
    """Requests of a real dendrite with one thing changed on the way: statuses."""
    target = target_of(args)
    dendrite = bt.Dendrite(wallet=hotkey_of(args))

    def signed(age=0, axon=target):
        synapse = Hashed(text="hi", ids=[1])
        clock, now = time.time_ns, time.time_ns()
        time.time_ns = lambda: now - int(age * 1e9)
        try:
            synapse = dendrite.preprocess_synapse_for_request(axon, synapse, TIMEOUT)
        finally:
            time.time_ns = clock
        return dict(synapse.to_headers()), json.dumps(synapse.model_dump())

    def send(headers, body):
        line = http.client.HTTPConnection("127.0.0.1", args["port"], timeout=TIMEOUT)
        line.request("POST", "/Hashed", body, {**headers, "content-type": "application/json"})
        status = line.getresponse().status
        line.close()
        return status

    headers, body = signed()
    statuses = {"good": send(headers, body), "replayed": send(headers, body)}
    headers, body = signed()
    statuses["body"] = send(headers, body.replace('"hi"', '"ho"'))
    headers, body = signed()
    forged = "0x" + "ab" * 64
    statuses["signature"] = send({**headers, "bt_header_dendrite_signature": forged}, body)
    unsigned = {name: value for name, value in headers.items() if not name.endswith("_signature")}
    statuses["unsigned"] = send(unsigned, body)
    statuses["stale"] = send(*signed(age=10 + TIMEOUT))
    statuses["future"] = send(*signed(age=-60))
    ends = {"hotkey": dendrite.keypair.ss58_address, "coldkey": dendrite.keypair.ss58_address}
    other = bt.AxonInfo(version=1, ip="127.0.0.1", port=args["port"], ip_type=4, **ends)
    statuses["receiver"] = send(*signed(axon=other))
    dendrite.close_session()
    return statuses


def echo(text):
    if text == "break":
        raise RuntimeError("the work broke")
    return f"heard {text}"


def v10_serve(args):
    global running
    wallet = Wallet(name="interop", hotkey=args["hotkey"], path=args["wallets"])
    running = bt.Axon(
        wallet=wallet, port=args["port"], ip="127.0.0.1", external_ip="127.0.0.1", external_port=args["port"]
    )

    def plain(synapse: Plain) -> Plain:
        synapse.answer = echo(synapse.text)
        return synapse

    def hashed(synapse: Hashed) -> Hashed:
        synapse.answer = echo(synapse.text)
        return synapse

    def tensors(synapse: Tensors) -> Tensors:
        synapse.y = bt.Tensor.serialize(synapse.x.numpy())
        return synapse

    for forward in (plain, hashed, tensors):
        running.attach(forward_fn=forward)
    running.start()
    return wallet.hotkey.ss58_address


def v10_stop(_):
    running.stop()
