// What a listener is told when it does not play, and the button that tries again.

const WAITING_MS = 8000;

const BY_CODE = {
  2: "The connection to the service was lost.",
  3: "The sound could not be decoded.",
  4: "This audio cannot be played right now.",
};

// The service says in JSON what is wrong: {"error": {"message"}}, in a refusal as in a failed job.
async function explanation(url, code) {
  const fallback = BY_CODE[code] ?? "Something went wrong while playing.";
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (answer.ok && !answer.headers.get("Content-Type")?.includes("json")) return fallback;
    return (await answer.json()).error?.message ?? fallback;
  } catch {
    return navigator.onLine ? "The service cannot be reached." : "You are offline.";
  }
}

// Shows messages in `notice`, an element with role="alert"; `url` is the playlist.
export function explainFailures(player, notice, url) {
  const text = document.createElement("p");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Try again";
  let waiting = 0;
  let failed = false; // ours: Video.js forgets its error at a late loadstart, without going on

  const clear = () => {
    failed = false;
    clearTimeout(waiting);
    notice.replaceChildren();
    notice.hidden = true;
  };
  const tell = (message, ...rest) => {
    text.textContent = message;
    notice.hidden = false;
    notice.replaceChildren(text, ...rest);
  };

  button.addEventListener("click", () => {
    const seconds = player.currentTime();
    clear();
    player.error(null);
    player.src({ src: url, type: "application/x-mpegURL" });
    player.one("loadedmetadata", () => player.currentTime(seconds));
    player.play()?.catch(() => {});
    player.el().querySelector(".vjs-play-control")?.focus();
  });
  player.on("error", async () => {
    if (!player.error()) return;
    clearTimeout(waiting);
    failed = true;
    const message = await explanation(url, player.error().code);
    if (failed) tell(message, button);
  });
  player.on("waiting", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => failed || tell("Still preparing this part …"), WAITING_MS);
  });
  player.on(["loadedmetadata", "playing"], clear);
  player.on(["timeupdate", "seeked"], () => failed || clear());
}
