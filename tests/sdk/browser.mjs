// The vendor's upload widget and AuthManager, unmodified, in Chromium on a page of another origin. Prints one line of JSON: what was seen.

import { build } from "esbuild";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const told = JSON.parse(process.argv[2]);
const ENTRY = `
  // By require, as the widget does it: so both have the same copy of the client.
  window.sdk = require("@bytescale/sdk");
  window.UploadWidget = require("@bytescale/upload-widget").UploadWidget;
`;

const bundled = await build({
  stdin: { contents: ENTRY, resolveDir: import.meta.dirname ?? process.cwd() },
  bundle: true,
  write: false,
  format: "iife",
  logLevel: "error",
});
const script = bundled.outputFiles[0].text;

// Somebody's website: a page, and the endpoint of its backend that hands out tokens.
const site = createServer((request, response) => {
  if (request.url === "/bundle.js") return response.setHeader("Content-Type", "text/javascript").end(script);
  if (request.url === "/token") return response.setHeader("Content-Type", "text/plain").end(told.jwt);
  return response.setHeader("Content-Type", "text/html").end('<!DOCTYPE html><body><script src="/bundle.js"></script></body>');
});
await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${site.address().port}`;

const browser = await chromium.launch({
  executablePath: told.chromium,
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
});
const page = await browser.newPage();
const errors = [];
page.on("console", (message) => message.type() === "error" && console.error(message.text()));
page.on("pageerror", (error) => errors.push(String(error)));
const hosts = new Set();
page.on("request", (request) => request.url().startsWith("http") && hosts.add(new URL(request.url()).origin));
await page.goto(origin);
const seen = {};

// The widget, as a visitor uses it: open, choose a file, finish.
await page.evaluate((told) => {
  const config = { apiKey: told.public, apiUrl: told.url, cdnUrl: told.url, maxFileCount: 1, showFinishButton: true, multi: false };
  window.chosen = window.UploadWidget.open({ ...config, editor: { images: { preview: false, crop: false } } });
}, told);
await page.waitForSelector("input[type=file]", { state: "attached" });
await page.setInputFiles("input[type=file]", told.file);
await page.click('a[href="#done"]:not(.disabled)', { timeout: 30_000 });
// Its own `fileUrl` is built for the vendor's host whatever `cdnUrl` says; `originalFile` is what this service has answered.
seen.widget = await page.evaluate(async () => (await window.chosen).map(({ originalFile }) => originalFile));

// What it answers plays.
seen.played = await page.evaluate(async (src) => {
  const audio = new Audio(src);
  await audio.play();
  await new Promise((resolve) => audio.addEventListener("timeupdate", () => audio.currentTime > 0.2 && resolve()));
  return { seconds: audio.duration, at: audio.currentTime };
}, seen.widget[0].fileUrl);

// A session: what is private opens to it, and closes with it.
seen.session = await page.evaluate(async (told) => {
  const { AuthManager, FileApi, UploadManager } = window.sdk;
  const config = { apiKey: told.public, apiUrl: told.url, cdnUrl: told.url };
  const read = async () => {
    try {
      const answer = await new FileApi(config).downloadFile({ accountId: told.account, filePath: told.privatePath });
      return await (await answer.blob()).text();
    } catch (error) {
      return String(error.errorCode ?? error);
    }
  };
  const before = await read();
  await AuthManager.beginAuthSession({
    accountId: told.account,
    authUrl: "/token",
    authHeaders: async () => ({}),
    options: { cdnUrl: told.url },
  });
  const active = AuthManager.isAuthSessionActive();
  const ready = AuthManager.isAuthSessionReady();
  const during = await read();
  const uploaded = await new UploadManager(config).upload({ data: new Blob(["from a page"], { type: "text/plain" }), originalFileName: "p.txt" });
  await AuthManager.endAuthSession();
  return { before, active, ready, during, after: await read(), uploaded };
}, told);

seen.errors = errors;
seen.hosts = [...hosts].filter((host) => host !== origin);
await browser.close();
site.close();
console.log(JSON.stringify(seen));
