// What comes out of a media element, recorded through WebAudio, sample by sample at 48 kHz.

export const RATE_HZ = 48_000;

const RECORDER = `
  registerProcessor("recorder", class extends AudioWorkletProcessor {
    process([input]) {
      if (input[0]) this.port.postMessage(input[0].slice());
      return true;
    }
  });`;

// Must be called before the page plays, in a context that bypasses the page's policy. The page keeps what it hears in `window.heard`.
export async function listen(page) {
  await page.evaluate(
    async ([recorder, sampleRate]) => {
      const context = new AudioContext({ sampleRate, latencyHint: "playback" });
      await context.audioWorklet.addModule(URL.createObjectURL(new Blob([recorder], { type: "text/javascript" })));
      const node = new AudioWorkletNode(context, "recorder");
      window.heard = [];
      node.port.onmessage = ({ data }) => window.heard.push(data);
      context.createMediaElementSource(window.stage.media()).connect(node).connect(context.destination);
      await context.resume();
    },
    [RECORDER, RATE_HZ],
  );
}

// Everything so far as base64 of 32-bit floats, one channel.
export async function heard(page) {
  return page.evaluate(() => {
    const whole = new Float32Array(window.heard.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of window.heard) {
      whole.set(part, at);
      at += part.length;
    }
    const bytes = new Uint8Array(whole.buffer);
    let text = "";
    for (let from = 0; from < bytes.length; from += 0x8000) text += String.fromCharCode(...bytes.subarray(from, from + 0x8000));
    return btoa(text);
  });
}
