// A kind's own module, where it has one: it makes a painted form do more. One that fails leaves a form that works.
import type { Descriptor, KindModule } from "../protocol";

/** Has the form's kind take part in it; calls back once it does. Returns what ends that. */
export function enhanced(form: HTMLFormElement, descriptor: Descriptor, base: string, done = () => {}): () => void {
  let ended = false;
  let end: (() => void) | void;
  if (descriptor.module) {
    import(base + descriptor.module)
      .then(({ enhance }: KindModule) => {
        if (ended) return;
        end = enhance(form, descriptor);
        done();
      })
      .catch((reason) => console.warn("leadcapture:", reason));
  }
  return () => {
    ended = true;
    end?.();
  };
}
