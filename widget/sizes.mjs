// Prints what the snippet costs a page, in bytes of gzip -9, and fails above the limits: the loader with a site's
// settings inside, and everything a chat needs.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LOADER_LIMIT = 5_000;
const CHAT_LIMIT = 40_000;
const FORMS_LIMIT = 12_000;
const MORE_LIMIT = 12_000;

const statics = join(dirname(fileURLToPath(import.meta.url)), "..", "static");
const manifest = JSON.parse(readFileSync(join(statics, "manifest.json"), "utf8"));
const read = (name) => readFileSync(join(statics, name));
const packed = (bytes) => gzipSync(bytes, { level: 9 }).length;

const field = { maxlength: 200 };
const statement = "I agree to get the newsletter of Demo shop by e-mail. I can leave at any time.";
const settings = {
  base: "https://chat.shop.example.org", site: "site_demo1234567890", name: "Demo shop", lang: "en", accent: "#0b6b5d", accentText: "#ffffff",
  position: "end", available: true, panel: `/static/${manifest["panel.js"]}`,
  launcher: { en: "Chat with us", ar: "تحدّث معنا" },
  forms: {
    newsletter: {
      slug: "newsletter", title: "News from the shop", intro: "One mail a month. No noise.", button: "Subscribe",
      lang: "en", dir: "ltr", privacy_url: "https://shop.example.org/privacy", honeypot: "website_url",
      fields: [
        { ...field, name: "email", type: "email", label: "E-mail address", required: true, autocomplete: "email", inputmode: "email" },
        { ...field, name: "name", type: "text", label: "Name", autocomplete: "name" },
      ],
      consents: [{ purpose: "newsletter", statement, required: true }],
    },
  },
};

const loader = read(manifest["loader.js"]).toString().replace("__LEADCAPTURE_CONFIG__", JSON.stringify(settings));
const sizes = {
  loader: packed(loader),
  panel: packed(read(manifest["panel.js"])),
  forms: packed(read(manifest["forms.js"])),
  more: packed(read(manifest["chat-more.js"])),
  locale: Math.max(...["en", "ar"].map((lang) => packed(read(`locales/${lang}.json`)))),
};
const chat = sizes.loader + sizes.panel + sizes.locale;

for (const [name, bytes] of Object.entries(sizes)) console.log(`${name.padEnd(8)} ${bytes} bytes gzip`);
console.log(`before a click: ${sizes.loader} of ${LOADER_LIMIT}`);
console.log(`a chat in all:  ${chat} of ${CHAT_LIMIT}`);
console.log(`a form besides: ${sizes.forms} of ${FORMS_LIMIT}`);
console.log(`files, rating … : ${sizes.more} of ${MORE_LIMIT}`);
process.exitCode = sizes.loader > LOADER_LIMIT || chat > CHAT_LIMIT || sizes.forms > FORMS_LIMIT || sizes.more > MORE_LIMIT ? 1 : 0;
