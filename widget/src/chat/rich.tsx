// The text of a message as nodes. A visitor's words are only linkified; an operator's may carry the small Markdown.
import type { ComponentChildren } from "preact";
import { blocks, type Span } from "./markdown";
import { parts, type Link } from "./text";

/** Text with its links. */
export const Plain = ({ text }: { text: string }) => <>{parts(text).map(span)}</>;

/** Text with its links and the marks of Markdown. */
export function Rich({ text }: { text: string }) {
  return (
    <>
      {blocks(text).map((block) => {
        if (block.kind === "text") return <p>{block.spans.map(span)}</p>;
        if (block.kind === "code") return <pre dir="ltr"><code>{block.text}</code></pre>;
        const items = block.items.map((item) => <li>{item.map(span)}</li>);
        return block.start === null ? <ul>{items}</ul> : <ol start={block.start}>{items}</ol>;
      })}
    </>
  );
}

function span(one: Span): ComponentChildren {
  if (typeof one === "string") return one;
  if ("href" in one) return <Anchor {...one} />;
  if (one.kind === "code") return <code dir="auto">{one.text}</code>;
  return one.kind === "strong" ? <strong>{one.spans.map(span)}</strong> : <em>{one.spans.map(span)}</em>;
}

const Anchor = ({ href, text }: Link) => (
  <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={text === href ? undefined : href} dir="auto">{text}</a>
);
