// One script tag: every <audio data-soundpath="…"> of the document becomes a player. README.md describes the attributes.

import { playlistUrl } from "./address.js";
import { createPlayer } from "./player.js";
import css from "./soundpath.css";

// Paths are paths of the service this script came from; a bundler has no such script, then they are the page's own.
const HOME = document.currentScript?.src || document.baseURI;

let sheet;

// A constructed sheet needs no permission of the page's style-src.
function addStyles() {
  if (sheet) return;
  sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

function element(name, className, ...children) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

function heading({ title, artist, cover }) {
  const lines = [title && element("strong", "soundpath-title", title), artist && element("span", "soundpath-artist", artist)].filter(Boolean);
  const picture = cover && Object.assign(element("img", "soundpath-cover"), { src: cover, alt: "" });
  return [picture, lines.length && element("div", "soundpath-lines", ...lines)].filter(Boolean);
}

// Turns one <audio data-soundpath> into a player; gives the Video.js player.
export function mount(audio) {
  addStyles();
  const notice = element("div", "soundpath-notice");
  notice.setAttribute("role", "alert");
  notice.hidden = true;
  const frame = element("div", "soundpath", ...heading(audio.dataset));
  audio.before(frame);
  frame.append(audio, notice);
  const preload = audio.getAttribute("preload") ?? "none"; // a page with many players starts no encode before somebody listens
  const player = createPlayer(audio, { url: playlistUrl(audio.dataset.soundpath, HOME), notice, preload });
  frame.dispatchEvent(new CustomEvent("soundpath:ready", { bubbles: true, detail: { player } }));
  return player;
}

// All of them below `root` that are no players yet.
export function mountAll(root = document) {
  return [...root.querySelectorAll("audio[data-soundpath]:not(.video-js)")].map(mount);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => mountAll());
else mountAll();
