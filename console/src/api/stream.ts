/**
 * The event stream, kept open: when nothing has come for two heartbeats and a half it is opened
 * anew, from the last event on. EventSource resumes by itself only while it has a connection.
 */
export interface StreamHandlers {
  /** Something came: the server is there. */
  alive(nowMs: number | undefined): void;
  /** `id` is "" for what isn't resumed. */
  event(name: string, data: unknown, id: string): void;
  /** The past can't be told: read anew, then open anew. */
  reset(): void;
  /** The server refuses the stream, or is out of reach. */
  broken(): void;
}

export const EVENTS = [
  "switchboard",
  "call",
  "call_ended",
  "extension",
  "trunk",
  "message",
  "desk",
  "desk_call",
  "draft",
  "directory",
  "instructions",
] as const;
/** Told to whoever listens at the moment; not part of what is resumed. */
export const PASSING = ["beat_desk"] as const;

export class Stream {
  private source: EventSource | undefined;
  private lastId: string;
  private lastSeen = performance.now();
  private beatMs = 5000;
  private readonly timer: number;

  constructor(
    after: string,
    private readonly handlers: StreamHandlers,
  ) {
    this.lastId = after;
    this.timer = window.setInterval(() => this.check(), 1000);
    window.addEventListener("online", this.onNetwork);
    this.open();
  }

  close(): void {
    window.clearInterval(this.timer);
    window.removeEventListener("online", this.onNetwork);
    this.source?.close();
    this.source = undefined;
  }

  /** The old connection would wait for TCP's next try, which may be seconds away. */
  private readonly onNetwork = () => this.handlers.reset();

  private open(): void {
    this.source?.close();
    const source = new EventSource(`/api/v1/events?after=${encodeURIComponent(this.lastId)}`);
    this.source = source;
    const seen = (e: MessageEvent<string>): unknown => {
      const data = JSON.parse(e.data) as { now_ms?: number; beat_ms?: number };
      this.lastSeen = performance.now();
      if (e.lastEventId) this.lastId = e.lastEventId;
      if (data.beat_ms) this.beatMs = data.beat_ms;
      this.handlers.alive(data.now_ms);
      return data;
    };
    for (const name of ["hello", "beat"]) source.addEventListener(name, seen);
    source.addEventListener("reset", () => this.handlers.reset());
    for (const name of EVENTS)
      source.addEventListener(name, (e: MessageEvent<string>) =>
        this.handlers.event(name, seen(e), this.lastId),
      );
    for (const name of PASSING)
      source.addEventListener(name, (e: MessageEvent<string>) =>
        this.handlers.event(name, seen(e), ""),
      );
    source.onerror = () => {
      if (this.source === source) this.handlers.broken();
    };
  }

  private check(): void {
    const silent = performance.now() - this.lastSeen > 2.5 * this.beatMs;
    const closed = this.source?.readyState === EventSource.CLOSED;
    if (silent) this.handlers.broken();
    if (!silent && !closed) return;
    this.lastSeen = performance.now() - 1.5 * this.beatMs; // a heartbeat's time for the new one
    this.open();
  }
}
