// The questions a site asks before the first message. What was typed into the composer waits there.
import { useEffect, useRef, useState } from "preact/hooks";
import type { PreChatQuestion } from "../../protocol";
import type { Desk } from "../desk";
import { useAct } from "./act";

type Answers = Record<string, string>;

interface Props {
  desk: Desk;
  /** Called once the service has the answers. */
  onDone(): void;
}

const LONGEST = 500;
const TYPES = {
  name: { autocomplete: "name" },
  email: { type: "email", autocomplete: "email" },
  phone: { type: "tel", autocomplete: "tel" },
} as const;
const KEPT = "pre_chat";

export function PreChat({ desk, onDone }: Props) {
  const { t, config, identity, memory, keepForm } = desk;
  const questions = config.chat.pre_chat;
  const form = useRef<HTMLFormElement>(null);
  const kept = useRef(memory.readTab().forms[KEPT] ?? {});
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const { busy, problem, ask } = useAct(desk);

  useEffect(() => {
    form.current?.scrollIntoView({ block: "nearest" });
    form.current?.querySelector<HTMLElement>("input, select")?.focus();
  }, []);

  function answers(): Answers {
    const given = [...new FormData(form.current!)].map(([name, value]) => [name, String(value).trim()] as const);
    return Object.fromEntries(given.filter(([, value]) => value));
  }

  async function send(event: Event): Promise<void> {
    event.preventDefault();
    if (busy) return;
    const given = answers();
    const found: Record<string, string> = {};
    for (const { name, required, choices } of questions) {
      const problem = required && !given[name] ? t(choices ? "error_choose" : "error_required") : problemOf(name, given[name]);
      if (problem) found[name] = problem;
    }
    if (show(found)) return;
    const kept = await ask("answers", given, ({ fields }) =>
      show(Object.fromEntries(Object.entries(fields ?? {}).map(([name, [sentence]]) => [name, sentence ?? ""]))),
    );
    if (!kept) return;
    keepForm(KEPT, null);
    onDone();
  }

  /** Whether something is wrong: then it is told, and the first of it has the focus. */
  function show(found: Record<string, string>): boolean {
    setWrong(found);
    const first = questions.find(({ name }) => found[name]);
    if (first) form.current!.querySelector<HTMLElement>(`[name="${first.name}"]`)?.focus();
    return !!first;
  }

  const problemOf = (name: string, value = ""): string =>
    value && name === "email" && !/^\S+@\S+\.\S+$/.test(value) ? t("error_email") : "";

  return (
    <form
      ref={form} class="card pre-chat" data-lc="pre-chat" noValidate onSubmit={(event) => void send(event)}
      onInput={() => keepForm(KEPT, answers())}
    >
      <p class="intro">{t("pre_chat_intro")}</p>
      {questions.map((question) => (
        <Row
          key={question.name} question={question} problem={wrong[question.name] ?? ""} optional={t("form_optional")} choose={t("error_choose")}
          value={kept.current[question.name] ?? identity[question.name] ?? ""}
        />
      ))}
      {problem && <p class="problem" role="alert">{problem}</p>}
      <button type="submit" class="button" data-lc="pre-chat-send" aria-disabled={busy}>{t("pre_chat_send")}</button>
    </form>
  );
}

interface RowProps {
  question: PreChatQuestion;
  problem: string;
  value: string;
  optional: string;
  choose: string;
}

function Row({ question, problem, value, optional, choose }: RowProps) {
  const { name, label, required, choices } = question;
  const id = `lc-pre-${name}`;
  const about = { id, name, class: "input", "aria-required": required, "aria-invalid": !!problem, "aria-describedby": problem && `${id}-error` };
  return (
    <div class="field">
      <label for={id}>{label} {!required && <span class="optional">({optional})</span>}</label>
      {choices ? (
        <select {...about} defaultValue={value}>
          <option value="">{choose}</option>
          {choices.map((choice) => <option key={choice} selected={choice === value}>{choice}</option>)}
        </select>
      ) : (
        <input {...about} {...TYPES[name as keyof typeof TYPES]} maxlength={LONGEST} dir="auto" defaultValue={value} />
      )}
      {problem && <p class="error" id={`${id}-error`}>{problem}</p>}
    </div>
  );
}
