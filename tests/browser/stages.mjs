// Plain pages on an origin of their own, each with one unmodified player from npm, as somebody else's site would have it.
// Every page answers to `stage`: { media(), renditions(), choose(index) }.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const FILES = {
  "/npm/video-js-8.js": "video.js-8/dist/video.min.js",
  "/npm/video-js-7.js": "video.js-7/dist/video.min.js",
  "/npm/hls.js": "hls.js/dist/hls.min.js",
};

const VIDEO_JS = (version) => `
  <script src="/npm/video-js-${version}.js"></script>
  <audio id="it" class="video-js" preload="auto" crossorigin="anonymous"></audio>
  <script>
    const player = videojs("it", { html5: { vhs: { overrideNative: true } } });
    player.src({ src, type: "application/x-mpegURL" });
    const listed = () => player.tech(true).vhs.representations().sort((one, other) => one.bandwidth - other.bandwidth);
    window.stage = {
      media: () => player.tech(true).el(),
      renditions: () => listed().length,
      choose: (index) => listed().forEach((each, at) => each.enabled(at === index)),
    };
  </script>`;

const NATIVE = (tag) => `
  <${tag} id="it" preload="auto" crossorigin="anonymous"></${tag}>
  <script>
    const element = document.getElementById("it");
    element.src = src;
    window.stage = { media: () => element };
  </script>`;

const STAGES = {
  "video.js 8": VIDEO_JS(8),
  "video.js 7": VIDEO_JS(7),
  "hls.js": `
    <script src="/npm/hls.js"></script>
    <audio id="it"></audio>
    <script>
      const element = document.getElementById("it");
      const hls = new Hls();
      hls.loadSource(src);
      hls.attachMedia(element);
      window.stage = { media: () => element, renditions: () => hls.levels.length, choose: (index) => (hls.currentLevel = index) };
    </script>`,
  "native audio": NATIVE("audio"),
  "native video": NATIVE("video"),
  "script tag": `
    <audio data-soundpath="" data-title="Chirp" data-artist="Test"></audio>
    <script>
      document.querySelector("audio").dataset.soundpath = src;
      const script = document.createElement("script");
      script.src = new URL("/player/soundpath.js", src);
      document.head.append(script);
      addEventListener("soundpath:ready", ({ detail }) => {
        window.stage = { media: () => detail.player.tech(true).el() };
      });
    </script>`,
  frame: `
    <iframe id="it" width="640" height="190" allow="autoplay" style="border:0"></iframe>
    <script>
      document.getElementById("it").src = src;
      window.stage = {};
    </script>`,
};

function page(name) {
  const src = `const src = new URLSearchParams(location.search).get("src");`;
  const head = `<meta charset="utf-8"><link rel="icon" href="data:,"><title>${name}</title>`;
  return `<!DOCTYPE html><html lang="en"><head>${head}</head><body><script>${src}</script>${STAGES[name]}</body></html>`;
}

// Serves the stages on a free port; gives their origin.
export async function openStages() {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    if (FILES[path]) {
      response.setHeader("Content-Type", "text/javascript");
      response.end(await readFile(new URL(`node_modules/${FILES[path]}`, import.meta.url)));
    } else if (STAGES[path.slice(1)]) {
      response.setHeader("Content-Type", "text/html");
      response.end(page(path.slice(1)));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
