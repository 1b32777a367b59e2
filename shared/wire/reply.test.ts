import { beforeAll, describe, expect, test } from "vitest";
import { Keypair, keysReady, toAddress } from "../keys/keypair.ts";
import { checkHeaders, DEFAULT_WINDOW, signRequest, type VerifiedRequest, verifyBody } from "./btauth.ts";
import { signReply, verifyReply } from "./reply.ts";

beforeAll(keysReady);

describe("a signed reply", () => {
  const alice = () => Keypair.fromUri("//Alice");
  const bob = () => Keypair.fromUri("//Bob");
  const answer = { status: 200, contentType: "application/json", body: Buffer.from('{"guess":42}') };

  function ask(nonce = 5n) {
    const request = { method: "POST", target: "/hello/guess", body: Buffer.from("{}") };
    const headers = signRequest({ ...request, signer: alice(), receiver: bob().address, nonce });
    const rules = { self: bob().address, window: DEFAULT_WINDOW, requireReceiver: true };
    const claimed = checkHeaders(headers, rules, nonce);
    const verified = claimed.ok ? verifyBody(claimed, request) : claimed;
    if (!verified.ok) throw new Error(verified.code);
    return { sent: { ...request, headers }, verified };
  }
  const sign = (request: VerifiedRequest, signer = bob()) =>
    signReply({ ...answer, signer, request, nonce: 9n });

  test("is verified by whoever asked", () => {
    const { sent, verified } = ask();
    expect(verifyReply({ ...answer, headers: sign(verified) }, sent, bob().address)).toBe(true);
  });

  test("does not survive a change of status, content type or body, nor another question or miner", () => {
    const { sent, verified } = ask();
    const headers = sign(verified);
    const reply = { ...answer, headers };
    const charlie = Keypair.fromUri("//Charlie");
    expect([
      verifyReply({ ...reply, status: 503 }, sent, bob().address),
      verifyReply({ ...reply, contentType: "text/plain" }, sent, bob().address),
      verifyReply({ ...reply, body: Buffer.from('{"guess":43}') }, sent, bob().address),
      verifyReply(reply, ask(6n).sent, bob().address),
      verifyReply(reply, { ...sent, body: Buffer.from("{ }") }, bob().address),
      verifyReply(reply, sent, charlie.address),
      verifyReply({ ...answer, headers: sign(verified, charlie) }, sent, bob().address),
      verifyReply(
        { ...answer, headers: { ...headers, "x-bittensor-hotkey": [bob().address, "x"] } },
        sent,
        bob().address,
      ),
      verifyReply({ ...answer, headers: {} }, sent, bob().address),
      verifyReply({ ...answer, headers: sent.headers }, sent, bob().address),
    ]).toEqual(Array(10).fill(false));
  });

  test("T8: is nobody's where the miner has the empty key, for which everybody can sign", () => {
    const nobody = toAddress(new Uint8Array(32));
    const body = Buffer.from("{}");
    const request = { method: "POST", target: "/hello/guess", body };
    const sent = {
      ...request,
      headers: signRequest({ ...request, signer: alice(), receiver: nobody, nonce: 5n }),
    };
    const headers = {
      ...sent.headers,
      "x-bittensor-hotkey": nobody,
      "x-bittensor-receiver": alice().address,
      "x-bittensor-signature": `0x${"00".repeat(63)}80`, // s = 0, R = 0
    };
    expect(verifyReply({ ...answer, headers }, sent, nobody)).toBe(false);
  });

  test("is no request: its receiver refuses it as one", () => {
    const { verified } = ask();
    const rules = { self: alice().address, window: DEFAULT_WINDOW, requireReceiver: true };
    const claimed = checkHeaders(sign(verified), rules, 9n);
    expect(
      claimed.ok && verifyBody(claimed, { method: "POST", target: "/hello/guess", body: answer.body }),
    ).toEqual({
      ok: false,
      code: "BTAUTH_BAD_SIGNATURE",
      step: 4,
    });
  });
});
