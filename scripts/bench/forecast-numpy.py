"""One nonce of a forecast topic in plain numpy: the same variants as subnets/forecast/maths/open-epoch.ts.

Reads one JSON object: {"epochs": int, "worlds": [...]}, a world with the names of SynthesisInput, `forecasts` as lists
of [inferers, losses], and `lastMedian` and `mad` for the outlier-resistant value.
Prints {"cpuMs": per epoch, "found": one object a world}.
"""

import json
import sys
import time

import numpy as np

P, C, EPSILON = 3.0, 0.75, 0.01
CAP, ANCHOR, NOTHING = C + 6.75 / P, C - 8.25 / P, C - 17.25 / P
OUTLIER_THRESHOLD = 11.0
BAND = np.array([2.28, 15.87, 50.0, 84.13, 97.72]) / 100


def weigh(regrets):
    normalised = regrets / ((regrets.std(ddof=1) if len(regrets) > 1 else 0.0) + EPSILON)
    best = normalised.max()
    normalised = normalised + (ANCHOR - best) if best < ANCHOR else np.minimum(normalised, CAP)
    return np.where(normalised < NOTHING, 0.0, P / (1 + np.exp(P * (C - normalised))))


def combine(values, weights):
    return (values * weights).sum() / max(weights.sum(), 1e-7)


def implied(world, forecast, present):
    inferers, losses = forecast
    here = present[inferers]
    inferers, losses = inferers[here], losses[here]
    if len(inferers) == 1:
        return world["values"][inferers[0]]
    return combine(world["values"][inferers], weigh(world["networkLoss"] - losses))


def without(world, absent, regrets):
    """The combined value of everybody but those inferers, and its values and weights."""
    n = len(world["values"])
    present = np.ones(n, dtype=bool)
    present[absent] = False
    said = [implied(world, forecast, present) for forecast in world["forecasts"]]
    values = np.concatenate([world["values"][present], said])
    weights = weigh(np.concatenate([regrets[:n][present], regrets[n:]]))
    return combine(values, weights), values, weights


def percentiles(values, weights):
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    places = np.cumsum(weights) - weights / 2
    return np.interp(BAND * weights.sum(), places, values)


def epoch(world):
    values, forecasts = world["values"], world["forecasts"]
    n, m = len(values), len(forecasts)
    combined, all_values, weights = without(world, [], world["regrets"])
    said = all_values[n:]
    naive = combine(values, weigh(world["naiveRegrets"]))
    one_out = [without(world, [j], world["oneOutRegrets"][j])[0] for j in range(n)]
    one_out_forecaster, one_in = [], []
    for k in range(m):
        others = np.arange(n + m) != n + k
        one_out_forecaster.append(
            combine(all_values[others], weigh(world["oneOutRegrets"][n + k][others]))
        )
        one_in.append(combine(np.append(values, said[k]), weigh(world["oneInRegrets"][k])))
    outliers = np.flatnonzero(np.abs(values - world["lastMedian"]) > OUTLIER_THRESHOLD * world["mad"])
    middle = np.median(values)
    np.median(np.abs(values - middle))  # for the next nonce
    return {
        "combined": combined,
        "naive": naive,
        "oneOutInferer": one_out,
        "oneOutForecaster": one_out_forecaster,
        "oneIn": one_in,
        "outlierResistant": without(world, outliers, world["regrets"])[0] if len(outliers) else combined,
        "band": percentiles(all_values, weights).tolist(),
    }


def main():
    asked = json.loads(sys.stdin.readline())
    worlds = asked["worlds"]
    for world in worlds:
        for name in ("values", "regrets", "naiveRegrets", "oneOutRegrets", "oneInRegrets"):
            world[name] = np.array(world[name])
        world["forecasts"] = [(np.array(of), np.array(losses)) for of, losses in world["forecasts"]]
    found = [epoch(world) for world in worlds]
    before = time.process_time()
    for i in range(asked["epochs"]):
        epoch(worlds[i % len(worlds)])
    spent = (time.process_time() - before) * 1000 / asked["epochs"]
    print(json.dumps({"cpuMs": spent, "found": found}))


main()
