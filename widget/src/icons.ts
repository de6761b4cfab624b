// One set of line icons, each a path on a 24 by 24 grid.
export const CHAT = "M20 11.5a7.5 7 0 0 1-7.5 7H12a9 9 0 0 1-3-.5L4.5 19.5 6 15.7a6.6 6.6 0 0 1-1.5-4.2 7.5 7 0 0 1 7.5-7h.5a7.5 7 0 0 1 7.5 7z";
export const DOWN = "M6 9.5l6 6 6-6";
