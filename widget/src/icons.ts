// One set of line icons, each a path on a 24 by 24 grid.
export const CHAT = "M4 5.5h16v11h-8.5L7 20.5v-4H4z";
export const DOWN = "M6 9.5l6 6 6-6";
export const CLOSE = "M6 6l12 12M18 6L6 18";
export const BACK = "M15 5l-7 7 7 7";
export const SEND = "M12 19V5M5.5 11.5L12 5l6.5 6.5";
export const CLOCK = "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v4.5l2.5 1.5";
export const CHECK = "M5 12.5l4.5 4.5L19 7.5";
export const CHECKS = "M2.5 12.5L7 17l8.5-9.5M11.5 16l1 1L22 7.5";
export const ALERT = "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v5M12 16v.1";
export const MAIL = "M4 6h16v12H4zM4 7l8 6 8-6";
export const ARROW_DOWN = "M12 5v14M6 13l6 6 6-6";
export const STAR = "M12 3.6l2.6 5.3 5.8.8-4.2 4.1 1 5.8-5.2-2.7-5.2 2.7 1-5.8-4.2-4.1 5.8-.8z";
export const FORWARD = "M9 5l7 7-7 7";
export const MENU = "M5 7h14M5 12h14M5 17h14";
