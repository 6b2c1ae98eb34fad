// The page of f=html-aac: its one player, its keys, its copy box.

import { createPlayer } from "./player.js";
import { listenForKeys } from "./keys.js";
import { makeCopyButtons, makeTabs } from "./share.js";

const audio = document.querySelector("audio[data-playlist]");
const player = createPlayer(audio, {
  url: new URL(audio.dataset.playlist, location.href).href,
  notice: document.getElementById("notice"),
  names: JSON.parse(audio.dataset.renditions),
});

listenForKeys(player);
for (const list of document.querySelectorAll("[role=tablist]")) makeTabs(list);
makeCopyButtons(document, document.getElementById("copied"));

if ("mediaSession" in navigator) {
  const { title, artist, cover } = audio.dataset;
  navigator.mediaSession.metadata = new MediaMetadata({ title, artist, artwork: cover ? [{ src: cover }] : [] });
}
