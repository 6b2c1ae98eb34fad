// Chromium for pytest: a line of JSON asks for a scene, a line of JSON says what was seen. Ends when its input ends.

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import * as scenes from "./scenes.mjs";
import { openStages } from "./stages.mjs";

const FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"];

const LISTENING = new Set(["whole", "seek"]); // the recorder is a script that no page's policy would take

// Every scene in a context of its own; the errors of its console and the hosts it asked come with its report.
async function run(browser, stages, scene) {
  const context = await browser.newContext({ reducedMotion: "reduce", bypassCSP: LISTENING.has(scene.scene) });
  const page = await context.newPage();
  page.setDefaultTimeout(scenes.PATIENCE_MS);
  const errors = [];
  const origins = new Set();
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("request", (request) => request.url().startsWith("http") && origins.add(new URL(request.url()).origin));
  try {
    const seen = await scenes[scene.scene](page, { ...scene, stages: stages.origin });
    return { seen, errors, origins: [...origins].filter((origin) => origin !== stages.origin) };
  } catch (error) {
    return { failure: String(error), errors, origins: [...origins] };
  } finally {
    await context.close();
  }
}

const stages = await openStages();
const browser = await chromium.launch({ executablePath: process.argv[2], args: FLAGS });
console.log(JSON.stringify({ ready: browser.version() }));
for await (const line of createInterface({ input: process.stdin })) {
  const { number, scene } = JSON.parse(line);
  run(browser, stages, scene).then((report) => console.log(JSON.stringify({ number, ...report })));
}
await browser.close();
stages.close();
