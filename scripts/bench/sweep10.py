"""The Dendrite of SDK 10 asking many axons: for each line of input, a count of rounds, asks all of them so often."""

import asyncio
import json
import logging
import os
import sys
import tempfile
from typing import ClassVar, Optional

answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # the SDK prints what it likes

import bittensor as bt
from bittensor.utils import networking
from bittensor_wallet import Keypair, Wallet

# A dendrite asks the public internet for its own address before it does anything.
networking.get_external_ip = lambda: "203.0.113.7"
logging.disable(logging.CRITICAL)

TIMEOUT = 60.0
# All at once, the first ones time out before the headers of the last ones are made.
BATCH = 32
uri, targets = sys.argv[1], json.loads(sys.argv[2])


class Sweep(bt.Synapse):
    x: list[float]
    y: Optional[float] = None
    required_hash_fields: ClassVar[tuple[str, ...]] = ("x",)


X = [number + 0.5 for number in range(16)]
AXONS = [
    bt.AxonInfo(version=10_002_000, ip="127.0.0.1", port=port, ip_type=4, hotkey=hotkey, coldkey=hotkey)
    for hotkey, port in targets
]


async def main(wallet):
    dendrite = bt.Dendrite(wallet=wallet)
    answers.write(json.dumps({"ready": True}) + "\n")
    while line := await asyncio.to_thread(sys.stdin.readline):
        answered = 0
        for _ in range(int(line)):
            for first in range(0, len(AXONS), BATCH):
                batch = AXONS[first : first + BATCH]
                got = await dendrite.forward(batch, Sweep(x=X), timeout=TIMEOUT, deserialize=False)
                answered += sum(one.is_success and one.y == sum(X) for one in got)
        answers.write(json.dumps({"answered": answered}) + "\n")
    await dendrite.aclose_session()


with tempfile.TemporaryDirectory() as folder:
    wallet = Wallet(name="bench", hotkey="bench", path=folder)
    wallet.set_hotkey(Keypair.create_from_uri(uri), encrypt=False, overwrite=True)
    asyncio.run(main(wallet))
os._exit(0)
