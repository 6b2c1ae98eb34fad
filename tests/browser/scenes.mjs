// What the browser is asked to do. Each scene takes a fresh page and its arguments, and gives what it saw.

import { heard, listen } from "./heard.mjs";

export const PATIENCE_MS = 60_000; // machines that build are shared: what takes time shows in what is measured, not here

async function open(page, { player, src, stages }) {
  if (player !== "page") {
    await page.goto(`${stages}/${encodeURIComponent(player)}?src=${encodeURIComponent(src)}`);
  } else {
    await page.goto(src);
    await page.waitForSelector(".vjs-control-bar");
    await page.evaluate(() => (window.stage = { media: () => document.querySelector("audio") }));
  }
  await page.waitForFunction(() => window.stage);
}

// Until the page's media has come as far as `state` (HTMLMediaElement.readyState).
function ready(page, state = 1) {
  return page.waitForFunction((wanted) => window.stage.media()?.readyState >= wanted, state, { timeout: PATIENCE_MS });
}

function facts(page) {
  return page.evaluate(() => {
    const media = window.stage.media();
    const seekable = media.seekable.length ? [media.seekable.start(0), media.seekable.end(media.seekable.length - 1)] : null;
    return { seconds: media.currentTime, duration: media.duration, seekable, ended: media.ended, paused: media.paused };
  });
}

const play = (page) => page.evaluate(() => window.stage.media().play());

function until(page, check, argument) {
  return page.waitForFunction(check, argument, { timeout: PATIENCE_MS, polling: 50 });
}

// From the beginning to the end, listening.
export async function whole(page, scene) {
  await open(page, scene);
  await ready(page);
  const before = await facts(page);
  await listen(page);
  await play(page);
  await until(page, () => window.stage.media().ended);
  return { before, after: await facts(page), heard: await heard(page) };
}

// From the address to the first sound, for one who presses Play as soon as there is something to play; and what was fetched meanwhile.
export async function arrive(page, scene) {
  await page.addInitScript(() => {
    document.addEventListener("loadedmetadata", ({ target }) => target.play(), true);
    document.addEventListener("playing", () => (window.arrivedMs ??= performance.now()), true);
  });
  await page.goto(scene.src, { waitUntil: "commit" });
  await page.waitForFunction(() => window.arrivedMs);
  return page.evaluate(() => {
    const shown = ({ name, startTime, responseStart, responseEnd }) => ({ name, startTime, responseStart, responseEnd });
    const entries = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    return { playingMs: window.arrivedMs, fetched: entries.map(shown) };
  });
}

// At once to `seconds`, and what sounds there.
export async function seek(page, scene) {
  await open(page, scene);
  await ready(page);
  await listen(page);
  await play(page);
  await until(page, () => window.stage.media().currentTime > 0.2);
  const waited = await page.evaluate(async (seconds) => {
    const media = window.stage.media();
    const began = performance.now();
    const done = new Promise((resolve) => media.addEventListener("seeked", resolve, { once: true }));
    media.currentTime = seconds;
    await done;
    return performance.now() - began;
  }, scene.seconds);
  await page.evaluate(() => (window.heard.length = 0));
  await until(page, (seconds) => window.stage.media().currentTime > seconds + 1.5, scene.seconds);
  return { waitedMs: waited, after: await facts(page), heard: await heard(page) };
}

// Plays the one of two renditions that bandwidth chose, then the other; gives the segments that were fetched before and after.
export async function change(page, scene) {
  const fetched = [];
  page.on("request", (request) => fetched.push(...(request.url().match(/[0-9]f\/seg[0-9]+\.aac/) ?? [])));
  await open(page, scene);
  await ready(page);
  await play(page);
  await until(page, () => window.stage.media().currentTime > 0.5);
  const renditions = await page.evaluate(() => window.stage.renditions());
  const other = 1 - Number(fetched.at(-1)[0]);
  const before = fetched.length;
  await page.evaluate((index) => window.stage.choose(index), other);
  const deadline = Date.now() + PATIENCE_MS;
  while (!fetched.slice(before).some((name) => Number(name[0]) === other) && Date.now() < deadline) await page.waitForTimeout(50);
  const at = (await facts(page)).seconds;
  await until(page, (seconds) => window.stage.media().currentTime > seconds + 0.5, at);
  return { renditions, other, before: fetched.slice(0, before), after: fetched.slice(before) };
}

// The page's own controls, by keyboard alone.
export async function keyboard(page, scene) {
  await open(page, scene);
  await ready(page);
  const order = [];
  for (let turn = 0; turn < 24; turn += 1) {
    await page.keyboard.press("Tab");
    order.push(
      await page.evaluate(() => {
        const at = document.activeElement;
        const name = at.getAttribute("aria-label") || at.getAttribute("title") || at.textContent.trim();
        const outline = getComputedStyle(at).outlineStyle;
        return { role: at.getAttribute("role") ?? at.tagName.toLowerCase(), name, outline };
      }),
    );
  }
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press(" ");
  await until(page, () => !window.stage.media().paused && window.stage.media().currentTime > 0.1);
  await page.focus(".vjs-play-control"); // as after a click there
  await page.keyboard.press("ArrowRight");
  await until(page, () => window.stage.media().currentTime > 5);
  await page.keyboard.press("m");
  await page.keyboard.press("k");
  await until(page, () => window.stage.media().paused);
  return { order, muted: await page.evaluate(() => window.stage.media().muted), after: await facts(page) };
}

// The quality menu, as a hand uses it.
export async function menu(page, scene) {
  const fetched = [];
  page.on("request", (request) => fetched.push(request.url()));
  await open(page, scene);
  await ready(page);
  await play(page);
  await page.click(".soundpath-quality > button");
  const items = await page.locator(".soundpath-quality .vjs-menu-item .vjs-menu-item-text").allTextContents();
  const before = fetched.length;
  await page.click(`.soundpath-quality .vjs-menu-item:has-text("${scene.name}")`);
  await until(page, (name) => document.querySelector(".soundpath-quality .soundpath-button-text").textContent === name, scene.name);
  const at = (await facts(page)).seconds;
  await until(page, (seconds) => window.stage.media().currentTime > seconds + 1, at);
  return { items, after: fetched.slice(before) };
}

// The tabs and what they copy.
export async function share(page, scene) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, scene);
  const copied = {};
  for (const tab of await page.locator("[role=tab]").all()) {
    await tab.click();
    await page.locator("[role=tabpanel]:not([hidden]) .button").click();
    await page.waitForFunction(() => document.getElementById("copied").textContent === "Copied");
    copied[await tab.textContent()] = await page.evaluate(() => navigator.clipboard.readText());
    await page.waitForFunction(() => document.getElementById("copied").textContent === "");
  }
  return { copied };
}

// The first answers to the playlist are refusals; then the listener tries again.
export async function refused(page, scene) {
  let refusing = true;
  const body = JSON.stringify({ error: { code: "overloaded", message: scene.message } });
  await page.route(/f=hls-aac-rt/, (route) =>
    refusing ? route.fulfill({ status: 503, contentType: "application/json", body }) : route.continue(),
  );
  await open(page, scene);
  const notice = page.locator("#notice");
  await notice.waitFor({ state: "visible" });
  const told = await notice.locator("p").textContent();
  refusing = false;
  await notice.locator("button").click();
  await until(page, () => window.stage.media().currentTime > 0.2);
  return { told, hidden: await notice.isHidden() };
}

// A page that is only looked at: its status, what it says, whether it fits, and its colours.
export async function look(page, scene) {
  await page.emulateMedia({ colorScheme: scene.scheme });
  await page.setViewportSize({ width: scene.width, height: scene.height });
  const answer = await page.goto(scene.src);
  if (scene.shot) {
    await page.waitForFunction(() => document.querySelector("audio")?.readyState > 0 || !document.querySelector("audio"));
    await page.screenshot({ path: scene.shot });
  }
  const seen = await page.evaluate(() => ({
    heading: document.querySelector("h1").textContent,
    text: document.body.innerText,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    ground: getComputedStyle(document.body).backgroundColor,
  }));
  return { status: answer.status(), ...seen };
}

// The page inside another site's frame: nothing but the player is shown, and it plays.
export async function framed(page, scene) {
  await open(page, scene);
  const frame = page.frameLocator("iframe");
  await frame.locator(".vjs-play-control").click();
  await frame.locator(".video-js.vjs-playing").waitFor();
  return { panels: await frame.locator(".panels").isVisible(), heading: await frame.locator("h1").textContent() };
}

// The script tag: before somebody listens, nothing is asked of the service but the script.
export async function tag(page, scene) {
  const fetched = [];
  page.on("request", (request) => fetched.push(request.url()));
  await open(page, scene);
  await page.locator(".vjs-play-control").waitFor();
  const quiet = fetched.filter((url) => url.includes("/audio/"));
  await page.locator(".vjs-play-control").click();
  await until(page, () => window.stage.media().currentTime > 0.5);
  return { quiet, text: await page.locator(".soundpath").innerText(), after: await facts(page) };
}
