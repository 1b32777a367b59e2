"""Times the metagraph of the Python SDK 10, each call from the question to the decoded columns."""

import time

import bittensor as bt
from session import serve

client = None


def connect(args):
    global client
    client = bt.Subtensor(network=args["endpoint"])
    return bt.__version__


def metagraph(args):
    start = time.perf_counter()
    found = client.metagraph(args["netuid"])
    ms = (time.perf_counter() - start) * 1000
    return {"ms": ms, "neurons": int(found.n), "stake": float(sum(found.S))}


serve({"connect": connect, "metagraph": metagraph})
