import { Secret } from "./secret.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;

/**
 * The passwords that the content of a file or descriptor may mean: without the newline that an editor put at its end,
 * which is what most people mean, and as given. Nothing else is ever cut off.
 */
export function passwordsIn(content: Uint8Array): Secret[] {
  let end = content.length;
  if (content[end - 1] === NEWLINE) end -= content[end - 2] === RETURN ? 2 : 1;
  const asGiven = new Secret(content);
  return end === content.length ? [asGiven] : [new Secret(content.subarray(0, end)), asGiven];
}

/** What a person should know of a password that did not open anything: never a part of it. */
export function passwordRemark(password: Secret | undefined): string | undefined {
  const bytes = Buffer.from(password?.revealBytes() ?? []);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "begins with a byte order mark";
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return "is in UTF-16; keyfiles want UTF-8";
  }
  if (bytes.includes(0)) return "contains a NUL character";
  const text = bytes.toString();
  if (/[\r\n]/.test(text.replace(/\r?\n$/, ""))) return "has several lines";
  if (/^\s|\s$/.test(text.replace(/\r?\n$/, ""))) return "begins or ends with white space";
  return undefined;
}
