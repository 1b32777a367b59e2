"""Wallets of bittensor-wallet, the library behind the old SDK and btcli."""

from bittensor_wallet import Wallet
from session import serve


def wallet_create(args):
    made = Wallet(name=args["name"], hotkey=args["hotkey"], path=args["wallets"])
    password = args["password"]
    options = {"use_password": password is not None, "overwrite": False, "suppress": True}
    made.create_new_coldkey(coldkey_password=password, **options)
    made.create_new_hotkey(hotkey_password=password, **options)
    return {"coldkey": made.coldkeypub.ss58_address, "hotkey": made.get_hotkey(password).ss58_address}


def wallet_open(args):
    opened = Wallet(name=args["name"], hotkey=args["hotkey"], path=args["wallets"])
    return {"coldkey": opened.get_coldkey(args["password"]).ss58_address, "hotkey": opened.hotkey.ss58_address}


if __name__ == "__main__":
    serve(globals())
