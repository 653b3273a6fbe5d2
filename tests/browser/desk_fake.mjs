// A server for the desk page, in the test's own process: the twelve moments of the mock, and a call
// that can be worked by keys. It answers as the contract says; it knows nothing of Article 4.
//   node tests/browser/desk_fake.mjs [PORT [SCENE]]   to look at it by hand
import { createReadStream, existsSync, statSync } from "node:fs";
import http from "node:http";
import { extname } from "node:path";
import { directory, scenes, titles, world } from "./desk_world.mjs";

const root = new URL("../../", import.meta.url).pathname;
const dist = process.env.DESK_DIST ?? `${root}console/dist`;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const ACCOUNT = { user: 1, org: 1, person: 90, name: "limin", display_name: "李敏", company: "某城集团",
  roles: ["operator"] };

export async function startFake({ port = 0, people = 0 } = {}) {
  const streams = new Set();
  const sockets = new Set();
  const log = [];
  let signedIn = false;
  let cutOff = false;
  let eventNo = 0;
  let beatNo = 0;
  let state = world(1);
  const entries = directory(people);
  const fake = {};

  const send = (name, data, withId = true) => {
    const id = withId ? `id: f-${++eventNo}\n` : "";
    for (const res of streams) res.write(`${id}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const board = () => ({ now_ms: Date.now(), state: state.state, reason: state.reason,
    positions: state.positions, figures: state.figures });
  const desk = () => ({ ...board(), event_id: `f-${eventNo}`, company: "某城集团", main_number: "8000",
    position: state.positions[0] ?? null, calls: [...state.calls.values()], extensions: state.extensions,
    greeting: { text: "您好，某城集团", lines: [{ number: "8000", name: "某城集团" }, { number: "8312", name: "张三丰" }] }, drafts: Object.fromEntries(state.drafts) });
  const put = (call) => {
    call.rev++;
    state.calls.set(call.no, call);
    send("desk_call", call);
    return call;
  };
  const drop = (no) => {
    state.calls.delete(no);
    state.drafts.delete(no);
    send("call_ended", { no, org: 1 });
  };
  const step = (call, name, clause = "A4.1.2") => call.steps.push({ at_ms: Date.now(), step: name, clause });
  const refuse = (name, clause = "house") => ({ status: 409,
    body: { error: { code: `desk.refused.${name}`, text: `refused: ${name}`, clause } } });
  const targetOf = (t) => {
    const e = entries.find((x) => (t?.person ? x.kind === "person" && x.id === t.person
      : t?.department ? x.kind === "department" && x.id === t.department : x.number === t?.number));
    return { person: t?.person ?? 0, department: t?.department ?? 0, name: e?.name ?? "",
      number: e?.number ?? t?.number ?? "", title: e?.title ?? "", reach: e?.reach ?? "straight" };
  };
  const inHand = () => [...state.calls.values()].find((c) => c.bay === "in_hand" && c.position === 1);
  const take = (call) => {
    const now = inHand();
    if (now && now !== call) put(Object.assign(now, { bay: "held", state: "held", since_ms: Date.now(), remind_ms: Date.now() + 90000 }));
    return put(Object.assign(call, { bay: "in_hand", position: 1, state: "desk", together: true,
      since_ms: Date.now(), ringing: [] }));
  };
  const aim = (call, t) => {
    const { reach, ...target } = targetOf(t);
    return Object.assign(call, { target, outcome: "none", reached: reach === "screened" ? "general_manager" : "ordinary" });
  };

  const COMMANDS = {
    answer: (c) => (c ? take(c) : refuse("gone")),
    retrieve: take,
    put_through(c, b) {
      const target = targetOf(b.target);
      if (c.complaint && target.number !== "8950") return refuse("customer_service", "A4.1.6");
      if (target.reach === "screened" && !c.consent && !c.complaint) return refuse("consent", "A4.1.3");
      aim(c, b.target);
      step(c, "target");
      step(c, "target_ringing");
      return put(Object.assign(c, { state: "target", since_ms: Date.now() }));
    },
    let_go: (c) => put(Object.assign(c, { bay: "let_go", together: false, since_ms: Date.now() })),
    pull_back(c) {
      step(c, "retrieved");
      return put(Object.assign(c, { bay: "in_hand", state: "desk", target: null,
        reached: "none", together: true, consulted: false }));
    },
    hold: (c) => put(Object.assign(c, { bay: "held", state: "held", since_ms: Date.now(), remind_ms: Date.now() + 90000 })),
    park: (c) => put(Object.assign(c, { bay: "parked", park: "8701", since_ms: Date.now() })),
    screen(c, b) {
      step(c, "screened_form", "A4.1.3");
      c.screened = Object.keys(b.value ?? {}).filter((k) => b.value[k]);
      return put(c);
    },
    consult(c, b) {
      if (b.target) aim(c, b.target);
      if (c.reached === "general_manager" && c.screened.length < 3) return refuse("screening", "A4.1.3");
      step(c, "consultation", "A4.1.3");
      return put(Object.assign(c, { state: "consult", together: false, consulted: false, since_ms: Date.now() }));
    },
    outcome(c, b) {
      if (!c.consulted) return refuse("not_now");
      if (b.value === "agreed") return (put(Object.assign(c, { bay: "none" })), state.calls.delete(c.no), { body: { call: null } });
      step(c, "consent_refused", "A4.1.3");
      const outcome = { refused: "refused", later: "later", absent: "no_answer", busy: "busy" }[b.value] ?? "none";
      if (b.value === "other") aim(c, b.target), step(c, "target_ringing");
      return put(Object.assign(c, { state: b.value === "other" ? "target" : "desk", together: true, consulted: false, outcome }));
    },
    complaint(c) {
      step(c, "customer_service_asked", "A4.1.6");
      return put(Object.assign(c, { complaint: true, outcome: "none", target: null, reached: "none" }));
    },
    hang_up: (c) => (drop(c.no), { body: { call: null } }),
    told: (c) => (step(c, "told", "A4.1.5"), put(c)),
  };

  function command(b) {
    log.push(b);
    const call = b.call ? state.calls.get(b.call) : inHand();
    if (b.what === "dial") return { body: { call: null } };
    if (!call) return refuse("gone");
    if (b.rev !== undefined && b.rev !== call.rev) return refuse("stale");
    const run = COMMANDS[b.what];
    if (!run) return { body: { call: call.no, desk_call: put(call) } };
    const r = run(call, b);
    return r.status || r.body ? r : { body: { call: r.no, desk_call: r } };
  }

  function duty(b) {
    const p = state.positions[0];
    p.state = { on: "on", off: "off", away: "away", back: "on" }[b.act];
    p.until_ms = b.until_ms ?? null;
    state.state = p.state === "on" || state.positions.some((x, i) => i && x.state === "on") ? "manual" : "automatic";
    state.reason = state.state === "manual" ? "on_duty" : "away";
    send("desk", board());
    return { body: desk() };
  }

  const ROUTES = {
    "GET /session": () => (signedIn ? { body: ACCOUNT } : { status: 401, body: { error: { code: "sign_in", text: "sign in" } } }),
    "POST /session": (b) => (b.password === "secret" ? ((signedIn = true), { body: ACCOUNT })
      : { status: 401, body: { error: { code: "wrong", text: "用户名或密码不正确" } } }),
    "DELETE /session": () => ((signedIn = false), { status: 204 }),
    "GET /desk": () => ({ body: desk() }),
    "POST /desk/duty": duty,
    "POST /desk/commands": command,
    "POST /desk/beat": () => ({ status: 204 }),
    "GET /desk/summary": () => ({ body: { from_ms: Date.now() - 3600000, calls: 41, within_three: 40, attendant: 1,
      given_up: 0, messages_unheard: 2,
      promises: [{ call: 3, at_ms: Date.now() - 720e3, number: "13800001111", name: "吴女士（远山广告）" }] } }),
    "GET /directory": () => ({ body: { version: 1, entries, titles: titles(entries) } }),
    "GET /cards": () => ({ body: state.cards }),
    "GET /instructions": () => ({ body: { items: state.instructions } }),
    "POST /instructions": (b) => (state.instructions.push({ id: state.instructions.length + 1, ...b }), { status: 201, body: { id: 1 } }),
    "POST /told": () => ({ status: 201, body: { id: 3 } }),
    "GET /messages": () => ({ body: { next: null, items: [{ id: 1, kept_ms: Date.now() - 6660e3, for: { name: "张三丰" } }] } }),
    "POST /messages"(b) {
      log.push({ what: "message", ...b });
      const call = state.calls.get(b.call);
      if (call) step(call, "message_kept", "A5.7"), put(call);
      return { status: 201, body: { id: 7 } };
    },
  };

  async function bodyOf(req) {
    let text = "";
    for await (const chunk of req) text += chunk;
    return text && req.headers["content-type"] === "application/json" ? JSON.parse(text) : {};
  }
  function answer(res, { status = 200, body }) {
    res.writeHead(status, { "Content-Type": "application/json" });
    res.end(body === undefined ? undefined : JSON.stringify(body));
  }
  function stream(res) {
    res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    res.write(`event: hello\ndata: ${JSON.stringify({ now_ms: Date.now(), beat_ms: 2000 })}\n\n`);
    streams.add(res);
    res.on("close", () => streams.delete(res));
  }
  function file(path, res) {
    const at = existsSync(dist + path) && statSync(dist + path).isFile() ? dist + path : `${dist}/index.html`;
    res.writeHead(200, { "Content-Type": TYPES[extname(at)] ?? "application/octet-stream",
      "Content-Security-Policy": "default-src 'self'" });
    createReadStream(at).pipe(res);
  }
  async function handle(req, res) {
    const url = new URL(req.url, "http://x");
    if (!url.pathname.startsWith("/api/v1/")) return file(url.pathname, res);
    const path = url.pathname.slice(7);
    const draft = /^\/desk\/drafts\/(\d+)$/.exec(path);
    const body = ["POST", "PUT"].includes(req.method) ? await bodyOf(req) : {};
    if (path === "/events") return stream(res);
    if (draft) {
      const no = Number(draft[1]);
      if (req.method === "PUT") state.drafts.set(no, body);
      else state.drafts.delete(no);
      send("draft", { call: no, draft: state.drafts.get(no) ?? null });
      return answer(res, { status: 204 });
    }
    const route = ROUTES[`${req.method} ${path}`];
    answer(res, route ? route(body) : { status: 404, body: { error: { code: "not_found", text: "not found" } } });
  }

  const server = http.createServer((req, res) => {
    handle(req, res).catch((e) => answer(res, { status: 500, body: { error: { code: "internal", text: String(e) } } }));
  });
  server.on("connection", (s) => {
    if (cutOff) return s.destroy();
    sockets.add(s);
    s.on("close", () => sockets.delete(s));
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  const timer = setInterval(() => {
    send("beat", { now_ms: Date.now() }, false);
    send("beat_desk", { n: ++beatNo }, false);
  }, 1000);

  Object.defineProperty(fake, "state", { get: () => state });
  return Object.assign(fake, {
    base: `http://127.0.0.1:${server.address().port}`,
    log,
    entries,
    scene(n) {
      state = world(n);
      scenes[n]?.(state);
      send("reset", {}, false);
    },
    tell: send,
    put,
    drop,
    step,
    inHand,
    /** The target of the call in hand does what a target does. */
    target(outcome) {
      const call = inHand() ?? [...state.calls.values()].find((c) => c.bay === "let_go");
      if (outcome === "answered") return (put(Object.assign(call, { bay: "none" })), state.calls.delete(call.no));
      step(call, `target_${outcome}`);
      put(Object.assign(call, { outcome, state: call.bay === "let_go" ? "queue" : "desk",
        bay: call.bay === "let_go" ? "returned" : "in_hand", since_ms: Date.now() }));
    },
    consulted() {
      const call = inHand();
      step(call, "consulted", "A4.1.3");
      put(Object.assign(call, { consulted: true, since_ms: Date.now() }));
    },
    cut() {
      cutOff = true;
      for (const s of sockets) s.destroy();
    },
    mend() { cutOff = false; },
    close() {
      clearInterval(timer);
      for (const s of sockets) s.destroy();
      server.close();
    },
  });
}

if (process.argv[1]?.endsWith("desk_fake.mjs")) {
  const fake = await startFake({ port: Number(process.argv[2] ?? 0), people: 5000 });
  fake.scene(Number(process.argv[3] ?? 1));
  console.log(`${fake.base}  limin / secret`);
}
