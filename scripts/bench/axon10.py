"""A miner of SDK 10 that serves the model of a benchmark: says {"port": ...} when it listens, ends with its input."""

import json
import logging
import os
import sys
import tempfile
import typing

answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # the SDK prints what it likes

import bittensor as bt
import numpy as np
import onnxruntime as ort
from bittensor_wallet import Keypair, Wallet

model, port, uri = sys.argv[1], int(sys.argv[2]), sys.argv[3]
logging.disable(logging.CRITICAL)

options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Shapes(bt.Synapse):
    x: typing.Optional[typing.List[float]] = None
    y: typing.Optional[typing.List[float]] = None


def forward(synapse: Shapes) -> Shapes:
    rows = np.asarray(synapse.x, dtype=np.float32).reshape(1, -1)
    synapse.y = session.run(None, {"x": rows})[0][0].tolist()
    return synapse


with tempfile.TemporaryDirectory() as folder:
    wallet = Wallet(name="bench", hotkey="bench", path=folder)
    wallet.set_hotkey(Keypair.create_from_uri(uri), encrypt=False, overwrite=True)
    axon = bt.Axon(wallet=wallet, port=port, ip="127.0.0.1", external_ip="127.0.0.1")
    axon.attach(forward_fn=forward)
    axon.start()
    answers.write(json.dumps({"port": port}) + "\n")
    sys.stdin.read()
    axon.stop()
os._exit(0)
