// What Video.js imports to read DASH manifests, which Soundpath never serves: an eighth of the script that a page waits for.

const refuse = () => {
  throw new Error("This player reads HLS, not DASH.");
};

export { refuse as addSidxSegmentsToPlaylist, refuse as generateSidxKey, refuse as parse, refuse as parseUTCTiming };
