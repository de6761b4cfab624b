// The inbox's line icons, each a path on a 24 by 24 grid.
export const BACK = "M15 5l-7 7 7 7";
export const PERSON = "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20a7.5 7.5 0 0 1 15 0";
export const CLOCK = "M12 7v5l3 2M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z";
export const SOUND = "M5 9.5v5h3.5L13 18V6L8.5 9.5zM16.5 9a4.5 4.5 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11";
export const MUTED = "M5 9.5v5h3.5L13 18V6L8.5 9.5zM16.5 10l4 4M20.5 10l-4 4";
export const BELL = "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4";
export const KEYS = "M3.5 7h17v10h-17zM7 10.5h.01M10.3 10.5h.01M13.7 10.5h.01M17 10.5h.01M8 14h8";
export const NOTE = "M5 4.5h14v10l-5 5H5zM14 19.5v-5h5";
export const DONE = "M5 12.5l4.5 4.5L19 7.5";
export const DOWN = "M6 9.5l6 6 6-6";
export const QUESTION = "M9.2 9.3a2.9 2.9 0 1 1 4.3 2.5c-1 .6-1.5 1.1-1.5 2.2M12 17.2h.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z";
export const MAIL = "M3.5 6h17v12h-17zM4 7l8 6 8-6";
export const CROSS = "M6 6l12 12M18 6L6 18";
export const SEND = "M4 12l16-7-5 15-3.5-6z";
