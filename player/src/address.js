// Which playlist a Soundpath URL plays: the same variant as f=hls-aac-rt, in the `!` form whose links resolve in every player.

const NOT_CARRIED = new Set(["f", "a", "artifact", "wait", "download"]);

// `address`: a URL or path of /{account}/audio/…, with `?` or `!` parameters of any format. `base`: what a path is resolved against.
export function playlistUrl(address, base) {
  const at = address.search(/[!?]/);
  const path = at < 0 ? address : address.slice(0, at);
  const given = at < 0 ? [] : address.slice(at + 1).replace("?", "&").split("&");
  const kept = given.filter((pair) => pair && !NOT_CARRIED.has(pair.split("=")[0]));
  // A '/' in a value would move the point from which relative links count.
  const query = ["f=hls-aac-rt", ...kept.map((pair) => pair.replaceAll("/", "%2F"))].join("&");
  return new URL(`${path}!${query}`, base).href;
}
