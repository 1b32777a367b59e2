"""Takes steps from subforge, one JSON line each, and answers each with one line.

The client under test may print what it likes: its standard output goes to standard error, and the answers to where
standard output was before.
"""

import json
import os
import sys
import traceback


def serve(steps):
    """Answer until the input ends. `steps` maps a name to a function of the step's arguments."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": True, "value": steps[request["step"]](request["args"])}
        except BaseException as error:  # a client may even try to leave the process
            traceback.print_exc()
            answer = {"ok": False, "reason": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer, default=str) + "\n")
