"""Signed requests in btauth/1, by the helpers of SDK 11 as their users write them."""

import http.client
import json

import bittensor as bt

TIMEOUT = 5.0

seen = bt.http_auth.InMemoryNonceStore()


def btauth_ask(args):
    """Statuses of requests that SDK 11 signed, some of them changed on the way, and the answer to the good one."""
    wallet = bt.Wallet(name="interop", hotkey=args["hotkey"], path=args["wallets"])
    body = json.dumps({"text": "hi"}).encode()

    def signed(path=args["path"], receiver=args["axon"]):
        return bt.http_auth.sign(wallet, method="POST", path=path, body=body, receiver_ss58=receiver)

    def send(headers, sent=body):
        line = http.client.HTTPConnection("127.0.0.1", args["port"], timeout=TIMEOUT)
        line.request("POST", args["path"], sent, {**headers, "content-type": "application/json"})
        answer = line.getresponse()
        text = answer.read()
        line.close()
        return answer.status, json.loads(text)

    headers = signed()
    status, answer = send(headers)
    others = {
        "replayed": send(headers),
        "body": send(signed(), b'{"text": "ho"}'),
        "path": send(signed(path="/other")),
        "receiver": send(signed(receiver=wallet.hotkey.ss58_address)),
        "unbound": send(signed(receiver=None)),
    }
    return {
        "good": [status, answer],
        "refused": {name: [code, text.get("code")] for name, (code, text) in others.items()},
    }


def btauth_verify(args):
    """The verified sender, or the name of the refusal."""
    try:
        caller = bt.http_auth.verify(
            args["headers"],
            args["body"].encode(),
            method="POST",
            path=args["path"],
            self_hotkey_ss58=args["self"],
            nonce_store=seen,
        )
        return caller.hotkey_ss58
    except bt.http_auth.AuthError as error:
        return type(error).__name__
