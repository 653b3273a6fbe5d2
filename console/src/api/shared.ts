/**
 * One event stream for all tabs of a browser: over HTTP/1.1 it allows about six connections to a
 * host. The tab that holds the lock has the stream and passes on what comes; when it is closed, or
 * silent for too long, another takes over from the last event that it has seen itself. Where the
 * browser has no locks (plain HTTP beyond this machine) each tab has its own.
 */
import { Stream, type StreamHandlers } from "./stream";

const NAME = "zongji-events";
const SILENCE_MS = 20_000;

type Said =
  | { kind: "event"; name: string; data: unknown; id: string }
  | { kind: "alive"; nowMs: number | undefined }
  | { kind: "reset" }
  | { kind: "broken" };

function sequence(id: string): [string, number] {
  const dash = id.lastIndexOf("-");
  return [id.slice(0, dash), Number(id.slice(dash + 1))];
}

/** True when `id` comes after `seen`, or belongs to another run of the server. */
export function isLater(id: string, seen: string): boolean {
  const [run, n] = sequence(id);
  const [seenRun, seenN] = sequence(seen);
  return run !== seenRun || n > seenN;
}

export class SharedStream {
  private readonly channel: BroadcastChannel | undefined;
  private readonly over = new AbortController();
  private stream: Stream | undefined;
  private lastId: string | undefined;
  private early: Said[] = [];
  private leads: boolean;
  private heard = performance.now();
  private readonly timer: number;

  constructor(private readonly handlers: StreamHandlers) {
    const shares = "locks" in navigator && "BroadcastChannel" in window;
    this.leads = !shares;
    this.timer = window.setInterval(() => this.check(), 1000);
    if (!shares) return;
    this.channel = new BroadcastChannel(NAME);
    this.channel.onmessage = (e: MessageEvent<Said>) => this.hear(e.data);
    this.ask(false);
  }

  /** Follows from `after` on; what was heard since the tab began to listen isn't lost. */
  start(after: string): void {
    this.lastId = after;
    this.heard = performance.now();
    const early = this.early;
    this.early = [];
    if (this.leads) this.open();
    else for (const said of early) this.hear(said);
  }

  close(): void {
    this.over.abort();
    window.clearInterval(this.timer);
    this.channel?.close();
    this.stream?.close();
    this.stream = undefined;
  }

  private ask(steal: boolean): void {
    const options = steal ? { steal } : { signal: this.over.signal };
    navigator.locks
      .request(NAME, options, () => {
        if (this.over.signal.aborted) return undefined;
        this.leads = true;
        if (this.lastId !== undefined) this.open();
        return new Promise<void>((done) => {
          this.over.signal.addEventListener("abort", () => done());
        });
      })
      .catch(() => {
        // stolen from a tab that slept, or closed
        this.leads = false;
        this.stream?.close();
        this.stream = undefined;
        if (!this.over.signal.aborted) this.ask(false);
      });
  }

  private open(): void {
    this.stream?.close();
    this.stream = new Stream(this.lastId ?? "", {
      alive: (nowMs) => this.say({ kind: "alive", nowMs }),
      event: (name, data, id) => this.say({ kind: "event", name, data, id }),
      reset: () => this.say({ kind: "reset" }),
      broken: () => this.say({ kind: "broken" }),
    });
  }

  private say(said: Said): void {
    this.channel?.postMessage(said);
    this.act(said);
  }

  private hear(said: Said): void {
    if (this.leads) return;
    this.heard = performance.now();
    if (this.lastId === undefined) {
      if (said.kind === "event" && said.id) this.early.push(said);
      return;
    }
    if (said.kind === "event" && said.id && !isLater(said.id, this.lastId)) return;
    this.act(said);
  }

  private act(said: Said): void {
    switch (said.kind) {
      case "event":
        if (said.id) this.lastId = said.id;
        this.handlers.event(said.name, said.data, said.id);
        break;
      case "alive":
        this.handlers.alive(said.nowMs);
        break;
      case "reset":
        this.lastId = undefined;
        this.stream?.close();
        this.stream = undefined;
        this.handlers.reset();
        break;
      case "broken":
        this.handlers.broken();
        break;
    }
  }

  private check(): void {
    if (this.leads || this.lastId === undefined) return;
    if (performance.now() - this.heard < SILENCE_MS) return;
    this.heard = performance.now();
    this.handlers.broken();
    this.ask(true);
  }
}
