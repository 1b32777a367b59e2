"""The steps of tritonclient[http], as its users write them, and a signed request by the helpers of the Python SDK 11."""

import base64
import urllib.error
import urllib.request

import numpy as np
import tritonclient.http as triton
from bittensor import http_auth
from bittensor.sp_core import Keypair
from session import serve
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

client = None


def connect(args):
    global client
    client = triton.InferenceServerClient(url=args["address"])
    return client.is_server_live()


def ready(_):
    return client.is_server_ready()


def model_ready(args):
    return [client.is_model_ready(args["model"]), client.is_model_ready(args["model"], "1"), client.is_model_ready("none")]


def server_metadata(_):
    return client.get_server_metadata()


def model_metadata(args):
    return client.get_model_metadata(args["model"], args.get("version", ""))


def model_config(args):
    return client.get_model_config(args["model"])


def repository_index(_):
    return client.get_model_repository_index()


def array(args):
    values = np.arange(args["rows"] * args["columns"]).reshape(args["rows"], args["columns"])
    return values.astype(args["dtype"]) + np.dtype(args["dtype"]).type(args.get("from", 0))


def to_input(values, binary, name="x"):
    made = triton.InferInput(name, list(values.shape), np_to_triton_dtype(values.dtype))
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def infer(args):
    """Is every value of `y` twice that of `x`, to the last bit?"""
    values = array(args)
    outputs = None
    if args["outputs"] is not None:
        outputs = [triton.InferRequestedOutput("y", binary_data=args["outputs"])]
    result = client.infer(args["model"], [to_input(values, args["binary"])], outputs=outputs, request_id="7")
    doubled = result.as_numpy("y")
    reply = result.get_response()
    return {
        "equal": bool(np.array_equal(doubled, values + values)),
        "shape": list(doubled.shape),
        "dtype": str(doubled.dtype),
        "id": reply["id"],
        "binary": "data" not in reply["outputs"][0],
    }


def infer_async(args):
    pending = [client.async_infer(args["model"], [to_input(array({**args, "from": n}), True)]) for n in range(args["times"])]
    return [float(one.get_result().as_numpy("y")[0][0]) for one in pending]


def refused(args):
    """What the client raises, as its users see it."""
    try:
        if args["what"] == "model":
            client.infer("none", [to_input(np.zeros((1, 2), np.float32), True)])
        elif args["what"] == "shape":
            client.infer(args["model"], [to_input(np.zeros((1, 3), np.float32), args["binary"])])
        elif args["what"] == "dtype":
            client.infer(args["model"], [to_input(np.zeros((1, 2), np.float64), args["binary"])])
        elif args["what"] == "input":
            client.infer(args["model"], [to_input(np.zeros((1, 2), np.float32), True, "z")])
        elif args["what"] == "output":
            client.infer(args["model"], [to_input(np.zeros((1, 2), np.float32), True)], outputs=[triton.InferRequestedOutput("z")])
        elif args["what"] == "bytes":
            client.infer(args["model"], [to_input(np.array([["a", "b"]], np.object_), args["binary"])])
        elif args["what"] == "many":
            client.infer(args["model"], [to_input(np.zeros((10_000, 2), np.float32), False)])
        elif args["what"] == "gzip":
            client.infer(args["model"], [to_input(np.zeros((1, 2), np.float32), True)], request_compression_algorithm="gzip")
    except InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}
    return None


def signed(args):
    """The body of tritonclient, signed by the SDK, to the public port."""
    values = array(args)
    body, json_length = triton.InferenceServerClient.generate_request_body([to_input(values, True)])
    path = f"/v2/models/{args['model']}/infer"
    headers = {}
    if args["sign"]:
        signer = Keypair.create_from_uri(args["uri"])
        headers = http_auth.sign(signer, method="POST", path=path, body=body, receiver_ss58=args["receiver"])
    request = urllib.request.Request(args["url"] + path, data=body, method="POST", headers=dict(headers))
    request.add_header("Inference-Header-Content-Length", str(json_length))
    try:
        reply = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        return {"status": error.code, "text": error.read().decode()}
    content = reply.read()
    length = int(reply.headers["Inference-Header-Content-Length"])
    result = triton.InferenceServerClient.parse_response_body(content, header_length=length)
    return {
        "status": reply.status,
        "equal": bool(np.array_equal(result.as_numpy("y"), values + values)),
        "sent": {"headers": headers, "body": base64.b64encode(body).decode()},
        "headers": {name.lower(): value for name, value in reply.headers.items()},
        "body": base64.b64encode(content).decode(),
    }


if __name__ == "__main__":
    serve(globals())
