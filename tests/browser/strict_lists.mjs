// Reads a JSON array of playlists from standard input; prints, for each that hls-parser refuses in strict mode, its number and why.
import HLS from "hls-parser";
import { readFileSync } from "node:fs";

HLS.setOptions({ strictMode: true });
const refused = [];
for (const [number, text] of JSON.parse(readFileSync(0, "utf8")).entries()) {
  try {
    HLS.parse(text);
  } catch (error) {
    refused.push([number, String(error.message)]);
  }
}
console.log(JSON.stringify(refused));
