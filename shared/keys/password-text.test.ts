import { describe, expect, it } from "vitest";
import { passwordRemark, passwordsIn } from "./password-text.ts";
import { Secret } from "./secret.ts";

describe("password files", () => {
  it.each([
    ["as it is", "pass word", ["pass word"]],
    ["a newline at its end", "pass word\n", ["pass word", "pass word\n"]],
    ["a newline of Windows", "pass word\r\n", ["pass word", "pass word\r\n"]],
    ["two newlines: one is an editor's, two are meant", "pass\n\n", ["pass\n", "pass\n\n"]],
    ["spaces at its ends", "  pass ", ["  pass "]],
    ["a byte order mark", "\ufeffpass", ["\ufeffpass"]],
    ["a NUL", "pa\0ss", ["pa\0ss"]],
    ["a lone return", "pass\r", ["pass\r"]],
  ])("W2 tries a password with %s as given, and without its last newline first", (_what, text, tried) => {
    expect(passwordsIn(Buffer.from(text)).map((password) => password.revealText())).toEqual(tried);
  });

  it("W2 keeps bytes that are no UTF-8", () => {
    const [password] = passwordsIn(Buffer.from([0x70, 0xe4, 0xff]));
    expect([...password!.revealBytes()]).toEqual([0x70, 0xe4, 0xff]);
  });

  it.each([
    [Buffer.from("\ufeffpass"), "byte order mark"],
    [Buffer.from("\ufeffpass", "utf16le"), "UTF-16"],
    [Buffer.from("pa\0ss\n"), "NUL"],
    [Buffer.from("one\ntwo\n"), "several lines"],
    [Buffer.from(" pass\n"), "white space"],
    [Buffer.from("pass\t\r\n"), "white space"],
  ])("W2 says what is odd about %j, and never the password", (bytes, says) => {
    const remark = passwordRemark(new Secret(bytes));
    expect(remark).toContain(says);
    expect(remark).not.toMatch(/one|two|pa.?ss/);
  });

  it.each(["pass", "pass word\n", "pässwörd☃\r\n", ""])("has no remark on %j", (text) => {
    expect(passwordRemark(new Secret(text))).toBeUndefined();
  });
});
