// Bundles everything that runs in a browser into ../static under hashed names and writes static/manifest.json
// (logical name -> file name), which is how the server finds them. The same sources always give the same bytes.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");

// What a form kind brings along for the browser, a module each.
const kinds = readdirSync(join(here, "src/kinds"))
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
  .map((file) => file.slice(0, -3))
  .sort();

const ENTRIES = [
  { name: "loader.js", source: "src/loader/main.ts", format: "iife", target: ["es2022"] },
  // Before the panel, which carries its name.
  { name: "chat-more.js", source: "src/panel/more/main.ts", format: "esm", target: ["es2022"], plugins: () => [borrowedPreact] },
  { name: "panel.js", source: "src/panel/main.tsx", format: "esm", target: ["es2022"] },
  { name: "forms.js", source: "src/forms/main.ts", format: "esm", target: ["es2022"] },
  { name: "placement.js", source: "src/placement/main.ts", format: "esm", target: ["es2022"] },
  { name: "hosted.js", source: "src/hosted.ts", format: "esm", target: ["es2022"] },
  ...kinds.map((kind) => ({ name: `kind-${kind}.js`, source: `src/kinds/${kind}.ts`, format: "esm", target: ["es2022"] })),
  { name: "inbox.js", source: "src/inbox/main.ts", format: "esm", target: ["es2022"] },
  { name: "inbox.js", source: "src/inbox/main.tsx", format: "esm", target: ["es2022"] },
  { name: "console.js", source: "src/console/main.ts", format: "esm", target: ["es2022"] },
  { name: "form-editor.js", source: "src/console/form-editor.ts", format: "esm", target: ["es2022"] },
  { name: "console.css", source: "src/styles/console.css" },
  { name: "inbox.css", source: "src/styles/inbox.css" },
  { name: "pages.css", source: "src/styles/pages.css" },
  { name: "demo.css", source: "src/styles/demo.css" },
  { name: "order.css", source: "src/styles/order.css" },
  { name: "contest.css", source: "src/styles/contest.css" },
  { name: "reviews.js", source: "src/reviews/main.ts", format: "iife", target: ["es2022"] },
  { name: "reviews.css", source: "src/reviews/page.css" },
];

// tokens.css is one truth for all faces. A script's copy is made small: only the tokens it uses, those that never
// change put in place, and without what only a whole page needs.
function slim(css) {
  const text = css
    .replaceAll(":root,:host", ":host")
    .replace(/(--lc-[\w-]+):\s+/g, "$1:")
    .replaceAll(", ", ",")
    .replace(/#([0-9a-f])\1([0-9a-f])\2([0-9a-f])\3\b/g, "#$1$2$3");
  const declared = [...text.matchAll(/(--lc-[\w-]+):([^;}]*);?/g)];
  for (const [declaration, name, value] of declared) {
    // The site's own colours come in a sheet of their own.
    const given = name === "--lc-accent" || name === "--lc-accent-text";
    const used = text.includes(`var(${name})`) && !given;
    const constant = declared.filter(([, other]) => other === name).length === 1;
    if (!used) return slim(text.replaceAll(declaration, ""));
    if (constant) return slim(text.replace(declaration, "").replaceAll(`var(${name})`, value));
  }
  return text.replaceAll(";}", "}").replace(/:root\{[^}]*\}/g, "").replace(/@media[^{]*\{(:host\{\})*\}/g, "");
}

// Style sheets imported by a script arrive as minified text, for `new CSSStyleSheet()`.
const cssText = {
  name: "css-text",
  setup(builder) {
    builder.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { outputFiles } = await build({
        entryPoints: [path],
        bundle: true,
        minify: true,
        write: false,
        target: ["chrome110", "firefox115", "safari16"],
      });
      return { contents: slim(outputFiles[0].text.trim()), loader: "text" };
    });
  },
};

// We speak JSON over WebSocket alone (where that is blocked, plain HTTP of our own): Socket.IO's other transports
// and its binary packets stay out of the bundle.
const leanSocket = {
  name: "lean-socket",
  setup(builder) {
    const instead = (filter, contents) =>
      builder.onLoad({ filter }, ({ path }) => ({ contents, resolveDir: dirname(path) }));
    instead(
      /engine\.io-client\/build\/esm\/transports\/index\.js$/,
      'import { WS } from "./websocket.js"; export const transports = { websocket: WS };',
    );
    instead(/engine\.io-client\/build\/esm\/transports\/polling-xhr\.js$/, "export class XHR {}");
    instead(/engine\.io-parser\/build\/esm\/contrib\/base64-arraybuffer\.js$/, "export const decode = () => {};");
    // With one transport there is nothing to change over to.
    builder.onLoad({ filter: /engine\.io-client\/build\/esm\/socket\.js$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const lean = source.replace(/\n {4}_probe\(name\) \{\n[\s\S]*?\n {4}\}\n/, "\n    _probe() {}\n");
      if (lean === source) throw new Error("engine.io-client has changed: look for the probing of transports");
      return { contents: lean, resolveDir: dirname(path) };
    });
    instead(/socket\.io-parser\/build\/esm\/is-binary\.js$/, "export const isBinary = () => false, hasBinary = isBinary;");
    instead(
      /socket\.io-parser\/build\/esm\/binary\.js$/,
      "export const deconstructPacket = (packet) => ({ packet, buffers: [] }), reconstructPacket = (packet) => packet;",
    );
  },
};

// A module that draws into the panel's tree takes the panel's own Preact.
const borrowedPreact = {
  name: "borrowed-preact",
  setup(builder) {
    builder.onResolve({ filter: /^preact(\/.*)?$/ }, () => ({ path: join(here, "src/panel/more/borrowed.ts") }));
  },
};

const hashed = (name, bytes) => {
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 10);
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}-${hash}${name.slice(dot)}`;
};

async function bundle({ name, source, format, target, plugins = () => [] }) {
  const css = name.endsWith(".css");
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: [source],
    bundle: true,
    minify: true,
    write: false,
    charset: "utf8",
    legalComments: "none",
    format,
    target: target ?? ["chrome110", "firefox115", "safari16"],
    plugins: css ? [] : [...plugins(), cssText, leanSocket],
    loader: css ? {} : { ".svg": "text" },
    define: {
      "process.env.NODE_ENV": '"production"',
      ...(manifest["chat-more.js"] ? { __CHAT_MORE__: JSON.stringify(manifest["chat-more.js"]) } : {}),
    },
    jsx: "automatic",
    jsxImportSource: "preact",
    outfile: join(out, name),
  });
  return outputFiles[0].contents;
}

function exactlyOnce(bytes, identifier) {
  const found = Buffer.from(bytes).toString().split(identifier).length - 1;
  if (found !== 1) throw new Error(`loader.js must contain ${identifier} exactly once, found ${found}`);
}

mkdirSync(join(out, "locales"), { recursive: true });
const manifest = {};
for (const entry of ENTRIES.filter(({ source }) => existsSync(join(here, source)))) {
  const bytes = await bundle(entry);
  if (entry.name === "loader.js") exactlyOnce(bytes, "__LEADCAPTURE_CONFIG__");
  manifest[entry.name] = hashed(entry.name, bytes);
  writeFileSync(join(out, manifest[entry.name]), bytes);
}

const kept = new Set(Object.values(manifest));
const ours = new RegExp(`^(kind-\\w+|${ENTRIES.map(({ name }) => name.replace(/\.\w+$/, "")).join("|")})-[0-9a-f]{10}\\.(js|css)$`);
for (const file of readdirSync(out)) if (ours.test(file) && !kept.has(file)) rmSync(join(out, file));

for (const file of readdirSync(join(here, "src/i18n"))) {
  if (file.endsWith(".json")) cpSync(join(here, "src/i18n", file), join(out, "locales", file));
}
const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(join(out, "manifest.json"), `${JSON.stringify(sorted, null, 2)}\n`);

for (const [name, file] of Object.entries(sorted)) {
  console.log(`${name.padEnd(20)} ${file.padEnd(34)} ${readFileSync(join(out, file)).length} bytes`);
}
