// What bench/desk puts into the operator's page: times by the wall clock, which the caller's end has too.
// Nothing of the console is changed; the page's policy is put aside for the worklet alone.

/** An init script. `hear` is the caller's tone. */
export function instruments({ hear }) {
  // performance.now() against Date.now(), to a tenth of a millisecond: read where a millisecond begins
  let skew = 0;
  const calibrate = () => {
    const was = Date.now();
    while (Date.now() === was);
    skew = Date.now() - performance.now();
  };
  calibrate();
  setInterval(calibrate, 5000);
  const wall = (ms) => ms + skew;
  const bench = (window.bench = { rows: new Map(), keys: [], painted: [], tone: 0, up: 0 });

  // once this turn's frame has been made: style, layout and paint are behind it
  const channel = new MessageChannel();
  let waiting = [];
  channel.port1.onmessage = () => {
    const now = wall(performance.now());
    const all = waiting;
    waiting = [];
    for (const done of all) done(now);
  };
  const afterPaint = (done) =>
    requestAnimationFrame(() => {
      waiting.push(done);
      channel.port2.postMessage(0);
    });

  const see = () => {
    for (const t of document.querySelectorAll(".desk-rack .ticket")) {
      const no = t.dataset.no;
      if (bench.rows.has(no)) continue;
      const row = { no, text: t.querySelector(".who")?.textContent ?? "", mutated: wall(performance.now()), painted: 0 };
      bench.rows.set(no, row);
      afterPaint((at) => (row.painted = at));
    }
  };
  document.addEventListener("DOMContentLoaded", () =>
    new MutationObserver(see).observe(document.documentElement, { childList: true, subtree: true }));
  document.addEventListener("keydown", (e) => {
    const key = { key: e.key, at: wall(e.timeStamp), painted: 0, query: "" };
    bench.keys.push(key);
    afterPaint((at) => {
      key.painted = at;
      key.query = document.querySelector("[data-testid=query]")?.textContent ?? "";
      key.first = document.querySelector(".entry b")?.textContent ?? "";
    });
  }, true);

  // 10 ms after 10 ms: whether the caller's tone is most of it. Date is there in a worklet, performance isn't.
  const ear = `registerProcessor("ear", class extends AudioWorkletProcessor {
    block = []; was = false;
    process([[x]]) {
      if (!x) return true;
      for (const v of x) {
        this.block.push(v);
        if (this.block.length < 480) continue;
        let re = 0, im = 0, all = 1e-12;
        this.block.forEach((v, i) => {
          const a = 2 * Math.PI * ${hear} * i / sampleRate;
          re += v * Math.cos(a); im += v * Math.sin(a); all += v * v;
        });
        const on = all / 480 > 1e-4 && (re * re + im * im) / 240 > 0.5 * all;
        if (on !== this.was) this.port.postMessage({ on, at: Date.now() });
        this.was = on; this.block = [];
      }
      return true;
    }
  });`;
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      this.addEventListener("connectionstatechange", () => (bench.up = this.connectionState === "connected" ? Date.now() : 0));
      this.addEventListener("track", async (e) => {
        const context = new AudioContext({ sampleRate: 48000 });
        await context.audioWorklet.addModule(URL.createObjectURL(new Blob([ear], { type: "text/javascript" })));
        const node = new AudioWorkletNode(context, "ear");
        node.port.onmessage = (m) => (bench.tone = m.data.on ? m.data.at : 0);
        context.createMediaStreamSource(e.streams[0]).connect(node).connect(context.destination);
      });
    }
  };
}

/** When the page heard the caller's tone begin after that moment; waits for it. */
export const heardSince = (page, after) =>
  page.waitForFunction((after) => window.bench?.tone > after && window.bench.tone, after, { polling: 20, timeout: 8000 })
    .then((h) => h.jsonValue());

/** The row of that number, once it is painted. */
export const rowOf = (page, number) =>
  page.waitForFunction((text) => {
    for (const row of window.bench.rows.values()) if (row.painted && row.text.replace(/\s/g, "").includes(text)) return row;
    return undefined;
  }, number, { polling: 30, timeout: 15000 }).then((h) => h.jsonValue());
