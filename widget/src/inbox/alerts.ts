// How a new conversation makes itself heard: a short sound, and a notification of the system where it was allowed.
import { remembered } from "./keep";

export interface Alerts {
  sound(): boolean;
  setSound(on: boolean): void;
  /** Whether notifications are on, could be asked for, or cannot be had here. */
  notifications(): "on" | "off" | "none";
  /** Ask for the permission; must be called out of a click. */
  askForNotifications(): Promise<void>;
  ring(): void;
  notify(title: string, text: string, tag: string, pressed: () => void): void;
}

const NOTES = [660, 880]; // Hz
const NOTE_S = 0.11;
const VOLUME = 0.08;

export function alerts(): Alerts {
  let on = remembered.get("sound") !== "off";
  let audio: AudioContext | null = null;

  // Browsers let a page make a sound only once somebody has touched it.
  const wake = () => {
    audio ??= "AudioContext" in window ? new AudioContext() : null;
    void audio?.resume();
  };
  addEventListener("pointerdown", wake, { once: true });
  addEventListener("keydown", wake, { once: true });

  const permission = () => ("Notification" in window && isSecureContext ? Notification.permission : "denied");

  return {
    sound: () => on,
    setSound(wanted) {
      on = wanted;
      remembered.set("sound", wanted ? "on" : "off");
      if (wanted) this.ring();
    },
    notifications() {
      const given = permission();
      return given === "granted" ? "on" : given === "default" ? "off" : "none";
    },
    async askForNotifications() {
      await Notification.requestPermission();
    },
    ring() {
      if (!on || !audio || audio.state !== "running") return;
      const start = audio.currentTime + 0.01;
      NOTES.forEach((frequency, index) => tone(audio!, frequency, start + index * NOTE_S));
    },
    notify(title, text, tag, pressed) {
      if (permission() !== "granted") return;
      try {
        const shown = new Notification(title, { body: text, tag });
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

function tone(audio: AudioContext, frequency: number, at: number): void {
  const oscillator = audio.createOscillator();
  const volume = audio.createGain();
  oscillator.frequency.value = frequency;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(VOLUME, at + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + NOTE_S * 1.6);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(at);
  oscillator.stop(at + NOTE_S * 1.7);
}
