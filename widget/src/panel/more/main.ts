// What not every visitor of a chat needs: the link by plain HTTP, files, Markdown, the end of a conversation, questions before it, the sound.
export { Actions } from "./Actions";
export { Afterword } from "./Afterword";
export { borrow } from "./borrowed";
export { FileView } from "./FileView";
export { PreChat } from "./PreChat";
export { ring } from "./sound";
export { Chips } from "./Chips";
export { default as css } from "./more.css";
export { pollingLink } from "../../chat/polling";
export { Rich } from "../../chat/rich";
export { uploads } from "./uploads";

export type MoreModule = typeof import("./main");
