import { OBEYED_CHARACTERS } from "../../shared/obeyed-characters.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Halves of a pair that stand alone: no encoding of them is well-formed. */
const LONE_SURROGATES = /\p{Cs}/gu;

/**
 * Text as HTML and XML show it: never markup, in content and in quoted attributes alike. What a viewer would obey
 * instead of showing it becomes a replacement character.
 */
export function escapeMarkup(text: string): string {
  return text
    .replace(OBEYED_CHARACTERS, "\ufffd")
    .replace(LONE_SURROGATES, "\ufffd")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
