// The short sound of an answer nobody looks at. However many tabs there are, one of them makes it.
import type { Mark, Memory } from "../../chat/memory";
import { randomId } from "../../random";

/** By then a tab in which the chat stands open has said that the answer was seen. */
const SEEN_MS = 250;
const SETTLE_MS = 120;

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes the sound for the message at that place, unless it was `seen`, another tab does it, or it is switched off. */
export async function ring(site: string, memory: Memory, at: Mark, seen: () => boolean): Promise<void> {
  // Browsers let no page sound that nobody has touched: another tab may.
  if (navigator.userActivation?.hasBeenActive === false) return;
  await rest(SEEN_MS);
  if (seen() || memory.read().muted) return;
  if (await claim(site, memory, at)) play();
}

function claim(site: string, memory: Memory, at: Mark): Promise<boolean> {
  const rung = () => {
    const before = memory.read().rung;
    return !!before && before.conversation === at.conversation && before.seq >= at.seq;
  };
  const take = async () => {
    if (rung()) return false;
    const by = randomId();
    memory.write({ rung: { ...at, by } });
    await rest(SETTLE_MS);
    // Without locks (a page that is not served over https) the last tab that wrote has it.
    return memory.read().rung?.by === by;
  };
  return navigator.locks ? navigator.locks.request(`leadcapture:${site}:sound`, take) : take();
}

/** Two short notes, made here. */
function play(): void {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  const now = audio.currentTime;
  tone.frequency.setValueAtTime(660, now);
  tone.frequency.setValueAtTime(880, now + 0.11);
  volume.gain.setValueAtTime(0.0001, now);
  volume.gain.exponentialRampToValueAtTime(0.12, now + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, now + 0.34);
  tone.connect(volume).connect(audio.destination);
  tone.onended = () => void audio.close();
  tone.start(now);
  tone.stop(now + 0.36);
}
