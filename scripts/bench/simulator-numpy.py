"""Epochs of Yuma in plain numpy: the same maths and shapes as simulator/float-yuma.ts.

Reads rounds from standard input, one JSON object a line: {"yuma3": bool, "epochs": int}. The weights are in the file
named by the first argument: float64, [matrices x validators x miners], after a row of stakes [validators].
Prints per round {"cpuMs": per epoch, "incentive": [...], "dividends": [...]}.
"""

import json
import sys
import time

import numpy as np

KAPPA = 0.5
KEEP = 0.9  # of a bond, in an epoch


def epoch(raw, stake, bonds, yuma3):
    weights = raw / raw.sum(axis=1, keepdims=True)
    # The consensus: per miner the largest weight that at least kappa of the stake supports.
    order = np.argsort(weights, axis=0)
    ascending = np.take_along_axis(weights, order, axis=0)
    support = np.cumsum(stake[order][::-1], axis=0)[::-1]
    last = (support >= KAPPA - 1e-9).sum(axis=0) - 1
    consensus = ascending[last, np.arange(weights.shape[1])]
    clipped = np.minimum(weights, consensus)
    trust = clipped.sum(axis=1)
    rank = stake @ clipped
    incentive = rank / rank.sum()
    if yuma3:
        bonds = KEEP * bonds + (1 - KEEP) * clipped
        dividends = (bonds / bonds.sum(axis=0) @ incentive) * stake
    else:
        fresh = clipped * stake[:, None]
        bonds = KEEP * bonds + (1 - KEEP) * fresh / fresh.sum(axis=0)
        bonds = bonds / bonds.sum(axis=0)
        dividends = bonds @ incentive
    return incentive, dividends / dividends.sum(), trust, bonds


def main():
    path, matrices, validators, miners = sys.argv[1], *map(int, sys.argv[2:5])
    numbers = np.fromfile(path)
    stake = numbers[:validators]
    worlds = numbers[validators:].reshape(matrices, validators, miners)
    for line in sys.stdin:
        asked = json.loads(line)
        bonds = np.zeros((validators, miners))
        before = time.process_time()
        for i in range(asked["epochs"]):
            incentive, dividends, _, bonds = epoch(worlds[i % matrices], stake, bonds, asked["yuma3"])
        spent = (time.process_time() - before) * 1000 / asked["epochs"]
        found = {"incentive": incentive.tolist(), "dividends": dividends.tolist()}
        print(json.dumps({"cpuMs": spent, **found}), flush=True)


main()
