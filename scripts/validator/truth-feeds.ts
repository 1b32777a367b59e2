import { SubforgeError } from "../../shared/errors.ts";
import { FEED_NAME } from "../../shared/rules/feed-point.ts";
import { type FeedPlaces, isAddress } from "../../validator/truth/read-feed.ts";

/**
 * Where each feed lies, from `--truth-feed NAME=PATH` or `NAME=https://…`.
 *
 * @param command - Words of the command, for the hint.
 * @throws SubforgeError CLI_USAGE
 */
export function truthFeedsOf(given: readonly string[] | undefined, command: string): FeedPlaces {
  const places = new Map<string, string>();
  for (const text of given ?? []) {
    const at = text.indexOf("=");
    const [name, place] = [text.slice(0, at), text.slice(at + 1)];
    const problem =
      at < 1 || place === ""
        ? "it is NAME=PATH or NAME=https://…"
        : !FEED_NAME.test(name)
          ? `${JSON.stringify(name.slice(0, 64))} is no name of a feed`
          : places.has(name)
            ? `${name} is named twice`
            : /^[a-z]+:\/\//i.test(place) && !isUsable(place)
              ? `${name} must be a path, or an https address without user and password`
              : undefined;
    if (problem !== undefined)
      throw new SubforgeError("CLI_USAGE", { problem: `--truth-feed: ${problem}`, command });
    places.set(name, place);
  }
  return places;
}

function isUsable(place: string): boolean {
  if (!isAddress(place) || !URL.canParse(place)) return false;
  const { username, password } = new URL(place);
  return username === "" && password === "";
}
