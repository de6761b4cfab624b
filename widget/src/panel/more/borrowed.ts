// Preact as the panel has it: this module draws into the panel's own tree, so it brings no second copy along. The build
// puts this file in the place of `preact`, `preact/hooks` and `preact/jsx-runtime`.
import type { Fragment as FragmentType } from "preact";
import type * as hooks from "preact/hooks";
import type * as runtime from "preact/jsx-runtime";

export interface Lent {
  jsx: typeof runtime.jsx;
  Fragment: typeof FragmentType;
  useEffect: typeof hooks.useEffect;
  useLayoutEffect: typeof hooks.useLayoutEffect;
  useRef: typeof hooks.useRef;
  useState: typeof hooks.useState;
}

export let jsx: Lent["jsx"], jsxs: Lent["jsx"], Fragment: Lent["Fragment"];
export let useEffect: Lent["useEffect"], useLayoutEffect: Lent["useLayoutEffect"];
export let useRef: Lent["useRef"], useState: Lent["useState"];

export function borrow(lent: Lent): void {
  ({ jsx, Fragment, useEffect, useLayoutEffect, useRef, useState } = lent);
  jsxs = jsx;
}
