/** How a form is described to whoever paints it, and what becomes of what was sent. */

import type { FieldType, SubmissionStatus } from "../protocol";

export interface Field {
  name: string;
  type: FieldType;
  label: string;
  help: string | null;
  required: boolean;
  /** Nothing says that it may be left empty, though it may. */
  unmarked: boolean;
  autocomplete: string | null;
  inputmode: string | null;
  maxlength: number | null;
  options: { value: string; label: string }[] | null;
  /** What stands in the field at first; a list for checks. */
  value: string | string[] | null;
  min: string | null;
  max: string | null;
  step: string | null;
  /** What a number counts: stands after the control. */
  unit: string | null;
  /** The parameter of the page's address that a hidden field is filled from. */
  param: string | null;
  /** Shown while that field has one of these values; `null`: any value. */
  show_if: { field: string; values: string[] | null } | null;
}

export interface Statement {
  purpose: string;
  statement: string;
  version: number | string;
}

/** An ALTCHA v1 challenge: find `number` so that SHA-256(salt + number) is `challenge`. */
export interface Challenge {
  algorithm: string;
  challenge: string;
  maxnumber: number;
  salt: string;
  signature: string;
}

export interface Descriptor {
  slug: string;
  kind: string;
  version: number;
  title: string;
  intro: string;
  button: string;
  lang: string;
  dir: "ltr" | "rtl";
  privacy_url: string | null;
  fields: Field[];
  consents: (Statement & { required: boolean })[];
  notice: Statement | null;
  consent: Statement | null;
  honeypot: string;
  /** What the kind's own module needs; public, in the form's language. */
  data: Record<string, unknown> | null;
  /** The path of the kind's own module, which exports `enhance`. */
  module: string | null;
  /** Why the form takes nothing now. */
  closed: string | null;
  /** Whether the server can work something out from the fields without anything being sent. */
  compute: boolean;
  /** Whether there is more to it than the loader can paint. */
  rich: boolean;
  challenge?: Challenge;
  /** A signed mark of when the filling began, to be sent along when another challenge is asked for. */
  opened?: string;
}

/** What a kind's own module exports: it works on the painted form, wherever that stands, and needs no network. */
export interface KindModule {
  enhance(form: HTMLFormElement, descriptor: Descriptor): void | (() => void);
}

export interface Accepted {
  status: "confirmation_sent" | "done";
  submission?: string;
  poll_token?: string;
  message?: string;
  result?: FormResult | null;
}

/** What a person gets in the end, or what was worked out; empty parts are left out. */
export interface FormResult {
  title?: string;
  text?: string;
  /** Items and what each comes to. */
  rows?: { label: string; value: string }[];
  total?: { label: string; value: string } | null;
  /** To be copied. */
  code?: string;
  links?: { label: string; url: string }[];
  /** Small print. */
  note?: string;
}

export interface SubmissionState {
  status: SubmissionStatus;
  result: FormResult | null;
}
