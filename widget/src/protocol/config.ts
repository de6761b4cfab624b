/** What a site has set, as its pages are told of it. */

import type { Iso } from "../protocol";
import type { Descriptor } from "./forms";
import type { Availability } from "./visitor";

/** What the server writes into the loader in place of `__LEADCAPTURE_CONFIG__`. */
export interface LoaderConfig {
  base: string;
  site: string;
  name: string;
  lang: string;
  accent: string;
  accentText: string;
  position: "end" | "start";
  available: boolean;
  panel: string;
  /** The path of the module that paints and runs forms. */
  forms_module: string;
  launcher: Record<string, string>;
  forms: Record<string, Descriptor>;
  /** The path of the module that shows `placed`; where no form shows itself, none of these is there. */
  placement?: string;
  placed?: Placed[];
  /** Seconds until the first of them may show itself when the person does nothing; else it waits for an act. */
  wait?: number;
  /** There are more of them than the loader could carry: the site's configuration has all. */
  more?: boolean;
  /** The site wants to see visitors who agree to it. */
  watch?: true;
}

/** A form that shows itself by itself, or a bubble that invites to the chat, and when: at the first of its moments, where
    all else fits. */
export interface Placed {
  slug: string;
  where: "popup" | "slide" | "bar" | "invitation";
  /** What an invitation says, in the language asked for, and who; the site's configuration has it. */
  text?: string;
  name?: string;
  /** Seconds on the page. */
  delay?: number;
  /** Percent of the page scrolled down. */
  scroll?: number;
  exit?: boolean;
  after_chat?: boolean;
  /** From which visit on. */
  visits?: number;
  /** Patterns of pages (placement/pattern.ts). */
  urls?: string[];
  not_urls?: string[];
  /** Days between two times (7 where not said), and how many times at most (3). */
  every_days?: number;
  most?: number;
  starts?: Iso;
  ends?: Iso;
}

/** GET /v1/SITE_KEY/config */
export interface SiteConfig {
  site: string;
  name: string;
  lang: string;
  dir: "ltr" | "rtl";
  accent: string;
  accent_text: string;
  position: "end" | "start";
  privacy_url: string | null;
  strings: Record<string, string>;
  /** The path of the module that paints and runs forms. */
  forms_module: string;
  /** What is published; `menu`: offered in the chat. */
  forms: { slug: string; kind: string; title: string; menu: boolean }[];
  placed: Placed[];
  offline_form: string | null;
  chat: Availability & {
    files: { max_mb: number; accept: string[] } | null;
    preview_typing: boolean;
    pre_chat: PreChatQuestion[];
    phone: string;
    /** The form that has the conversation mailed. */
    transcript_form: string | null;
    /** Operators see who is on the site, where the page said that the visitor agreed. */
    watch: boolean;
  };
}

export interface PreChatQuestion {
  name: string;
  label: string;
  required: boolean;
  choices: string[] | null;
}
