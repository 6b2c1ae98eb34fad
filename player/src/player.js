// The player: Video.js in its audio-only form, with our controls in our order. Used by the page and by the script tag alike.

import "./environment.js";
import videojs from "video.js";
import { explainFailures } from "./failure.js";
import "./quality.js";

const SKIP_SECONDS = 10;
const RATES = [0.75, 1, 1.25, 1.5, 1.75, 2];

// Parts of Video.js that only a picture needs, or for which the page has its own; each would be built before the first sound.
const NOT_HEARD = {
  bigPlayButton: false,
  errorDisplay: false,
  loadingSpinner: false,
  posterImage: false,
  textTrackDisplay: false,
  textTrackSettings: false,
  titleBar: false,
};

const Component = videojs.getComponent("Component");

class Group extends Component {
  createEl() {
    return videojs.dom.createEl("div", { className: `soundpath-group soundpath-${this.options_.place}` });
  }
}

videojs.registerComponent("SoundpathGroup", Group);

function controls(names) {
  const group = (place, ...children) => ({ componentClass: "SoundpathGroup", name: `${place}Group`, place, children });
  return [
    "progressControl",
    "currentTimeDisplay",
    "durationDisplay",
    group("transport", "skipBackward", "playToggle", "skipForward"),
    group("volume", { name: "volumePanel", inline: true }),
    group("options", "playbackRateMenuButton", { componentClass: "SoundpathQuality", name: "quality", names }),
  ];
}

function options({ names, preload }) {
  return {
    audioOnlyMode: true,
    controls: true,
    ...NOT_HEARD,
    liveui: true, // a list that still grows keeps its seek bar
    preload,
    playbackRates: RATES,
    controlBar: { children: controls(names), skipButtons: { forward: SKIP_SECONDS, backward: SKIP_SECONDS } },
    html5: { vhs: { overrideNative: !videojs.browser.IS_ANY_SAFARI } }, // a browser's own HLS never leaves the first rendition
  };
}

// `audio`: the element to replace. `url`: an HLS playlist. `notice`: where failures are told. `names`: of the renditions, if known.
export function createPlayer(audio, { url, notice, names = [], preload = "auto" }) {
  audio.classList.add("video-js");
  const player = videojs(audio, options({ names, preload }));
  explainFailures(player, notice, url);
  player.one("loadedmetadata", () => {
    // Without an end the list is not whole yet, and players would begin near what was encoded last.
    if (!Number.isFinite(player.duration()) && player.seekable().length) player.currentTime(player.seekable().start(0));
  });
  player.src({ src: url, type: "application/x-mpegURL" });
  return player;
}
