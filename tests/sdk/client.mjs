// The vendor's client, unmodified, driven through every class it has for Node. Reads {url, secret, public, originUrl} as JSON from its
// arguments, prints one line of JSON with what each call answered.

import * as Bytescale from "@bytescale/sdk";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import fetchApi from "node-fetch";

const { url, secret, account, originUrl } = JSON.parse(process.argv[2]);
const key = JSON.parse(process.argv[2]).public;
const accountId = account;
const MB = 1_000_000;

const configOf = (apiKey) => ({ fetchApi, apiKey, apiUrl: url, cdnUrl: url });
const withSecret = configOf(secret);
const withPublic = configOf(key);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const files = new Bytescale.FileApi(withSecret);
const folders = new Bytescale.FolderApi(withSecret);
const jobs = new Bytescale.JobApi(withSecret);
const seen = {};

async function refusal(call) {
  try {
    await call();
    return null;
  } catch (error) {
    return { name: error.name, code: error.errorCode, message: error.message };
  }
}

async function download(filePath) {
  const answer = await files.downloadFile({ accountId, filePath, cache: false });
  return Buffer.from(await (await answer.blob()).arrayBuffer());
}

async function ended(answer) {
  for (;;) {
    const job = await jobs.getJob({ accountId, jobType: answer.jobType, jobId: answer.jobId });
    if (["Succeeded", "Failed", "Cancelled"].includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function uploadManager() {
  const manager = new Bytescale.UploadManager(withPublic);
  const empty = await manager.upload({ data: Buffer.alloc(0), originalFileName: "empty.bin" });
  const text = await manager.upload({ data: "hello", mime: "text/plain", originalFileName: "hello there.txt" });
  const small = await manager.upload({
    data: Buffer.from("small"),
    mime: "audio/mpeg",
    path: { folderPath: "/sdk", fileName: "small-{UNIQUE_DIGITS_4}{ORIGINAL_FILE_EXT}" },
    originalFileName: "x.mp3",
    metadata: { artist: "nobody" },
    tags: ["one", "two"],
  });
  seen.uploads = { empty, text, small };
  seen.uploads.emptyBytes = (await download(empty.filePath)).length;
  seen.uploads.smallText = (await download(small.filePath)).toString();
  seen.uploads.again = await refusal(() => manager.upload({ data: "other", path: small.filePath }));
  const replaced = await new Bytescale.UploadManager(withSecret).upload({ data: "newer", path: small.filePath });
  seen.uploads.replaced = { etag: replaced.etag, text: (await download(small.filePath)).toString() };
}

async function largeUploads() {
  const content = Buffer.alloc(200 * MB);
  for (let at = 0; at < content.length; at += 4096) content.writeUInt32LE(at, at);
  const manager = new Bytescale.UploadManager(withPublic);
  const progress = [];
  const buffer = await manager.upload({ data: content, path: "/sdk/large-buffer.bin", onProgress: (at) => progress.push(at.progress) });
  const pieces = function* () {
    for (let at = 0; at < content.length; at += MB) yield content.subarray(at, at + MB);
  };
  const stream = await manager.upload({ data: Readable.from(pieces()), size: content.length, path: "/sdk/large-stream.bin" });
  seen.large = {
    sha256: sha256(content),
    buffer: { ...buffer, sha256: sha256(await download(buffer.filePath)) },
    stream: { ...stream, sha256: sha256(await download(stream.filePath)) },
    progress: progress.at(-1),
  };
}

async function uploadApi() {
  const api = new Bytescale.UploadApi(withPublic);
  const begun = await api.beginMultipartUpload({ accountId, beginMultipartUploadRequest: { size: 3, path: "/sdk/by-hand.txt" } });
  const { uploadId } = begun;
  const before = await api.listUploadParts({ accountId, uploadId });
  const part = await api.getUploadPart({ accountId, uploadId, uploadPartIndex: 0 });
  const put = await fetch(part.uploadUrl, { method: "PUT", body: "abc" });
  const completed = await api.completeUploadPart({
    accountId,
    uploadId,
    uploadPartIndex: 0,
    completeUploadPartRequest: { etag: put.headers.get("etag") },
  });
  const after = await api.listUploadParts({ accountId, uploadId });
  const fromUrl = await api.uploadFromUrl({ accountId, uploadFromUrlRequest: { url: originUrl, path: "/sdk/fetched.txt" } });
  const refused = await refusal(() => api.uploadFromUrl({ accountId, uploadFromUrlRequest: { url: "http://127.0.0.1:1/x" } }));
  seen.uploadApi = { begun, before, part, completed, after, fromUrl, refused, fetched: (await download("/sdk/fetched.txt")).toString() };
}

async function fileApi(small) {
  const details = await files.getFileDetails({ accountId, filePath: small });
  const copied = await files.copyFile({ accountId, copyFileRequest: { source: small, destination: "/sdk/copy.mp3" } });
  const copyDetails = await files.getFileDetails({ accountId, filePath: "/sdk/copy.mp3" });
  const batch = [{ source: small, destination: "/sdk/many/1.mp3" }, { source: small, destination: "/sdk/many/2.mp3" }];
  const copyBatch = await ended(await files.copyFileBatch({ accountId, copyFileBatchRequest: { files: batch } }));
  await files.deleteFile({ accountId, filePath: "/sdk/copy.mp3" });
  const gone = await refusal(() => files.getFileDetails({ accountId, filePath: "/sdk/copy.mp3" }));
  const deleteBatch = await ended(await files.deleteFileBatch({ accountId, deleteFileBatchRequest: { files: ["/sdk/many/1.mp3"] } }));
  const left = await folders.listFolder({ accountId, folderPath: "/sdk/many" });
  seen.fileApi = { details, copied, copyDetails, copyBatch, gone, deleteBatch, left: left.items.map((item) => item.filePath) };
}

async function processing(tone) {
  const params = { f: "mp3", br: "128" };
  const start = await files.processFile({ accountId, filePath: tone, transformation: "audio", transformationParams: params });
  const first = await start.json();
  const job = await ended(first);
  const mp3 = await files.processFile({
    accountId,
    filePath: tone,
    transformation: "audio",
    transformationParams: params,
    artifact: "/audio.mp3",
  });
  const bytes = Buffer.from(await (await mp3.blob()).arrayBuffer());
  const meta = await files.processFile({ accountId, filePath: tone, transformation: "audio", transformationParams: { f: "meta" } });
  const saved = await files.processFileAndSave({
    accountId,
    filePath: tone,
    transformation: "audio",
    transformationParams: { f: "wav", sr: "16" },
    processFileAndSaveRequest: { destination: "/sdk/saved.wav" },
  });
  const savedJob = await ended(saved);
  const savedFile = await files.getFileDetails({ accountId, filePath: "/sdk/saved.wav" });
  const sync = await files.processFileAndSave({
    accountId,
    filePath: tone,
    transformation: "audio",
    transformationParams: { f: "meta" },
    processFileAndSaveRequest: { destination: { folderPath: "/sdk", fileName: "meta.json" } },
  });
  const head = [...bytes.subarray(0, 2)];
  seen.processing = { first, job, head, size: bytes.length, meta: await meta.json(), saved, savedJob, savedFile, sync };
}

async function folderApi() {
  const put = await folders.putFolder({
    accountId,
    putFolderRequest: { folderPath: "/sdk/private", folderSettings: { publicPermissions: { set: true, value: [] } } },
  });
  const got = await folders.getFolderDetails({ accountId, folderPath: "/sdk/private" });
  await new Bytescale.UploadManager(withSecret).upload({ data: "hush", path: "/sdk/private/secret.txt" });
  const pages = [];
  for (let cursor, last = false; !last; ) {
    const page = await folders.listFolder({ accountId, folderPath: "/sdk", limit: 2, recursive: true, cursor });
    pages.push(page.items.map((item) => item.filePath ?? `${item.folderPath}/`));
    cursor = page.cursor;
    last = page.isPaginationComplete;
  }
  const copy = { source: "/sdk/many", destination: "/sdk/many-too" };
  const copied = await ended(await folders.copyFolder({ accountId, copyFolderRequest: copy }));
  const batch = { folders: [{ source: "/sdk/many", destination: "/sdk/many-three" }] };
  const copiedBatch = await ended(await folders.copyFolderBatch({ accountId, copyFolderBatchRequest: batch }));
  const deleted = await ended(await folders.deleteFolder({ accountId, deleteFolderRequest: { folderPath: "/sdk/many-too" } }));
  const gone = { folders: [{ folderPath: "/sdk/many-three" }] };
  const deletedBatch = await ended(await folders.deleteFolderBatch({ accountId, deleteFolderBatchRequest: gone }));
  const after = await folders.listFolder({ accountId, folderPath: "/sdk" });
  seen.folderApi = { put, got, pages, copied, copiedBatch, deleted, deletedBatch, after: after.items };
}

async function jobAndCacheApi() {
  const reset = await new Bytescale.CacheApi(withSecret).resetCache({
    accountId,
    resetCacheRequest: { pattern: "/audio/*", resetEdgeCache: true, resetPermanentCache: true },
  });
  const resetJob = await ended(reset);
  const recent = await jobs.listRecentJobs({ accountId, jobType: ["ProcessAudioJob", "ResetCacheJob"] });
  const cancelled = await jobs.cancelJob({ accountId, jobType: reset.jobType, jobId: reset.jobId });
  seen.jobs = { reset, resetJob, recent: recent.items.map((job) => job.jobType), cancelled: cancelled ?? null };
}

function urlBuilder() {
  const options = { transformation: "audio", transformationParams: { f: "mp3", br: 128 }, artifact: "/audio.mp3" };
  seen.url = Bytescale.UrlBuilder.url({ accountId, filePath: "/demo/first-light.wav", options: { ...options, cdnUrl: url } });
  seen.rawUrl = Bytescale.UrlBuilder.url({ accountId, filePath: "/a b!.mp3", options: { cdnUrl: url } });
}

await uploadManager();
await uploadApi();
await fileApi(seen.uploads.small.filePath);
await processing("/demo/first-light.wav");
await folderApi();
await jobAndCacheApi();
urlBuilder();
await largeUploads();
seen.wrongKey = await refusal(() => new Bytescale.FileApi(withPublic).deleteFile({ accountId, filePath: "/sdk/by-hand.txt" }));
console.log(JSON.stringify(seen));
