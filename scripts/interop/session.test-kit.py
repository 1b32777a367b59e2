"""A client that does nothing, for the test of the session."""

import sys
import time

from session import serve


def echo(args):
    return args["text"]


def chatter(_):
    print("noise")
    sys.stdout.flush()
    return 1


def sleep(_):
    time.sleep(600)


serve(globals())
