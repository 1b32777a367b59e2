import { createPrivateKey } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";

/** Of `localhost` and 127.0.0.1, until 2126. It protects nothing. */
const KEY = createPrivateKey({
  ...{ format: "der", type: "pkcs8" },
  key: Buffer.from(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgO0tfNSEN+k+3HqzVlVztxf8HRtQi541cU7+/4CDlobihRANCAATMgspnt6Qv/OCBezOLn4XcoF39/BAPE/b6UY8Lju5anEHad2adUY/K0pJGpJRxPq4SXG/wot2tl2QmEi0stSsc",
    "base64",
  ),
}).export({ format: "pem", type: "pkcs8" });

export const LOCALHOST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUDcmyPD+O0Ra085h8pTUwEjz+paEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjIxNDY1N1oYDzIxMjYxMDI5
MjE0NjU3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATMgspnt6Qv/OCBezOLn4XcoF39/BAPE/b6UY8Lju5anEHad2adUY/K
0pJGpJRxPq4SXG/wot2tl2QmEi0stSsco28wbTAdBgNVHQ4EFgQUznZvIVBTsWxr
xE1RA/JP9h2iQHkwHwYDVR0jBBgwFoAUznZvIVBTsWxrxE1RA/JP9h2iQHkwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgM/kfrCKMXIibgsKzCgA5+4zB2MeVsgYcrawxzRfoIi4CIC3e
9Wq7ysJA8CqIi0QT55E3K/IYId++ELM8jiS0BP3j
-----END CERTIFICATE-----`;

/** Serves https on loopback as `handle` says. */
export async function startWebServer(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer({ key: KEY, cert: LOCALHOST_CERTIFICATE }, handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    port,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
