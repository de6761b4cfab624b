// How a visitor who waits makes themselves heard: a short sound, and a notification of the system where it was allowed.
// However many tabs are open, one of them sounds.
import { remembered } from "./keep";
import { due, type Ring } from "./ringing";

export interface Alerts {
  sound(): boolean;
  setSound(on: boolean): void;
  /** Whether the browser lets this page sound by now: it does once somebody has touched it. */
  ready(): boolean;
  /** Calls back when that changes; returns a function that ends this. */
  onReady(listener: (ready: boolean) => void): () => void;
  /** Whether notifications are on, could be asked for, or cannot be had here. */
  notifications(): "on" | "off" | "none";
  /** Ask for the permission; must be called out of a click. */
  askForNotifications(): Promise<void>;
  ring(ring?: Ring): Promise<void>;
  /** One of the same `tag` takes the place of the last; an `urgent` one stays until it is seen to. */
  notify(title: string, text: string, tag: string, pressed: () => void, urgent?: boolean): void;
}

// Hz; what has waited long goes up one more step.
const NOTES: Record<Ring, number[]> = { first: [660, 880], again: [660, 880], loud: [660, 880, 1100, 880, 1100] };
const VOLUMES: Record<Ring, number> = { first: 0.08, again: 0.035, loud: 0.18 };
const NOTE_S = 0.11;
const ASKED_MS = 1_000;
const LOCK = "leadcapture.bell";

export function alerts(): Alerts {
  let on = remembered.get("sound") !== "off";
  let audio: AudioContext | null = null;
  const listeners = new Set<(ready: boolean) => void>();

  // Browsers let a page make a sound only once somebody has touched it.
  const wake = () => {
    if (!audio && "AudioContext" in window) {
      audio = new AudioContext();
      audio.onstatechange = () => listeners.forEach((listener) => listener(audio!.state === "running"));
    }
    void audio?.resume();
  };
  addEventListener("pointerdown", wake, { once: true });
  addEventListener("keydown", wake, { once: true });

  // The bar asks at every drawing, and the browser takes longer to answer than the bar to be drawn.
  let asked = { at: -Infinity, given: "denied" as NotificationPermission };
  const permission = () => {
    if (performance.now() - asked.at > ASKED_MS) {
      const given = "Notification" in window && isSecureContext ? Notification.permission : "denied";
      asked = { at: performance.now(), given };
    }
    return asked.given;
  };
  const sounding = () => on && audio?.state === "running";

  function play(ring: Ring): void {
    const start = audio!.currentTime + 0.01;
    NOTES[ring].forEach((frequency, index) => tone(audio!, frequency, start + index * NOTE_S, VOLUMES[ring]));
  }

  /** Within the lock: unless another tab has just done so. */
  function playOnce(ring: Ring): void {
    const now = Date.now();
    const at = (of: Ring) => Number(remembered.get(`rang.${of}`) ?? 0);
    if (!due(ring, { first: at("first"), again: at("again"), loud: at("loud") }, now)) return;
    remembered.set(`rang.${ring}`, String(now));
    play(ring);
  }

  return {
    sound: () => on,
    setSound(wanted) {
      on = wanted;
      remembered.set("sound", wanted ? "on" : "off");
      if (wanted && sounding()) play("first");
    },
    ready: () => audio?.state === "running",
    onReady(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    notifications() {
      const given = permission();
      return given === "granted" ? "on" : given === "default" ? "off" : "none";
    },
    async askForNotifications() {
      await Notification.requestPermission();
      asked.at = -Infinity;
    },
    async ring(ring = "first") {
      // A tab that nobody has touched cannot sound and leaves it to the others.
      if (!sounding()) return;
      if (!navigator.locks) return playOnce(ring);
      await navigator.locks.request(LOCK, async () => {
        playOnce(ring);
        // What one tab keeps reaches the others a moment later.
        await new Promise((done) => setTimeout(done, 200));
      });
    },
    notify(title, text, tag, pressed, urgent = false) {
      if (permission() !== "granted") return;
      try {
        const options = { body: text, tag, requireInteraction: urgent, renotify: urgent };
        const shown = new Notification(title, options);
        shown.onclick = () => {
          window.focus();
          shown.close();
          pressed();
        };
      } catch {
        // Browsers of phones let only service workers notify: sound and title have to do.
      }
    },
  };
}

function tone(audio: AudioContext, frequency: number, at: number, loudness: number): void {
  const oscillator = audio.createOscillator();
  const volume = audio.createGain();
  oscillator.frequency.value = frequency;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(loudness, at + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + NOTE_S * 1.6);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(at);
  oscillator.stop(at + NOTE_S * 1.7);
}
