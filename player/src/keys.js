// Keys of the whole page, where nothing else wants them: space and K play, arrows and J, L seek, M mutes, digits jump.

const OWN_KEYS = "input, textarea, select, [contenteditable], [role=tab], [role=slider], .vjs-menu";
const SPACE_IS_CLICK = "button, a, summary";
const STEP_SECONDS = { ArrowLeft: -5, ArrowRight: 5, j: -10, l: 10 };

function seek(player, seconds) {
  const end = Number.isFinite(player.duration()) ? player.duration() : player.liveTracker.seekableEnd();
  player.currentTime(Math.max(0, Math.min(seconds, end)));
}

function act(player, key) {
  if (key === " " || key === "k") player.paused() ? player.play() : player.pause();
  else if (key === "m") player.muted(!player.muted());
  else if (key in STEP_SECONDS) seek(player, player.currentTime() + STEP_SECONDS[key]);
  else if (/^[0-9]$/.test(key) && Number.isFinite(player.duration())) seek(player, (player.duration() * Number(key)) / 10);
  else return false;
  return true;
}

export function listenForKeys(player) {
  const listen = (event) => {
    const taken = event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(OWN_KEYS);
    if (taken || (event.key === " " && event.target.closest(SPACE_IS_CLICK))) return;
    if (act(player, event.key)) event.preventDefault();
  };
  document.addEventListener("keydown", listen, true); // on the way down: Video.js's buttons keep what they were pressed with to themselves
}
