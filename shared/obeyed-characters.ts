/**
 * What a terminal or a viewer of logs obeys instead of showing it: control characters but line feed and tab, marks of
 * direction, separators of lines. Names, URLs and reasons come from chains, peers and files.
 */
export const OBEYED_CHARACTERS = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
