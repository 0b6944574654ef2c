"""The side of a peer: reads requests as lines of JSON, measures, and answers with lines of JSON (see bench/peer.ts)."""

import json
import sys
import time


def serve(hello, prepare):
    """Answers requests until the input ends.

    hello: what is known at once: {"version": ...}
    prepare: (case name, case, mode) -> (step, parameters); called once for every case and mode. `step` does one step
        and returns a number that depends on all of it, so that nothing is left to do when the clock is read.
    """
    prepared = {}
    answer(hello)
    for line in sys.stdin:
        request = json.loads(line)
        key = (request["name"], request["mode"])
        if key not in prepared:
            prepared[key] = prepare(request["name"], request["case"], request["mode"])
        step, parameters = prepared[key]
        answer({"milliseconds": timed(step, request), "parameters": parameters})


def timed(step, request):
    """Milliseconds of every step: at least `steps`, and on until `budget` milliseconds have passed."""
    times = []
    while len(times) < request["steps"] or sum(times) < request["budget"]:
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1000)
    return times


def answer(value):
    print(json.dumps(value), flush=True)
