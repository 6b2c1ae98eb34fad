// Builds dist/: page.js and page.css for the page, soundpath.js for the script tag. With each comes its gzip form.

import { build } from "esbuild";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const shared = {
  bundle: true,
  minify: true,
  target: ["chrome101", "firefox101", "safari16.4"], // constructed style sheets
  legalComments: "linked",
  logLevel: "warning",
  define: { "process.env.NODE_ENV": '"production"' },
  alias: { "mpd-parser": "./src/no-dash.js" },
};

// Video.js needs its style sheet's text inside the script, where there is no <link>.
const styleAsText = {
  name: "style-as-text",
  setup({ onLoad }) {
    onLoad({ filter: /soundpath\.css$/ }, async ({ path }) => {
      const { outputFiles } = await build({ ...shared, legalComments: "none", entryPoints: [path], write: false, outdir: "dist" });
      return { contents: outputFiles[0].text, loader: "text" };
    });
  },
};

// `import window from "global/window"` would copy every property of the browser's window, to make a module of it, before the first sound.
const globalsAsModules = {
  name: "globals-as-modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^global\/(window|document)$/ }, ({ kind, path }) => kind === "import-statement" ? { path, namespace: "globals" } : null);
    onLoad({ filter: /.*/, namespace: "globals" }, ({ path }) => ({ contents: `export default ${path.slice("global/".length)};` }));
  },
};

await rm("dist", { recursive: true, force: true });
await Promise.all([
  build({ ...shared, entryPoints: ["src/page.js", "src/page.css"], format: "iife", outdir: "dist", plugins: [globalsAsModules] }),
  build({ ...shared, entryPoints: ["src/soundpath.js"], format: "iife", globalName: "soundpath", outdir: "dist", plugins: [globalsAsModules, styleAsText] }),
]);
for (const name of await readdir("dist")) {
  await writeFile(`dist/${name}.gz`, gzipSync(await readFile(`dist/${name}`), { level: 9 }));
}
