// A small server for the console's quieter pages: the built console, and what the API would say, in memory.
// Beside it in one process: the tests look into what was sent, and change what is there.
import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { extname, join } from "node:path";

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; base-uri 'none'; " +
  "form-action 'self'; frame-ancestors 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const HOUR = 3600_000;
const ROLES = { staff: ["staff"], operator: ["staff", "operator"], manager: ["staff", "manager"], admin: ["staff", "admin"] };

export const COLUMNS = {
  people: "id name reading title department extension post secretary deputy disclosure mail wecom dingtalk feishu webhook deliver".split(" "),
  departments: "id name reading number strategy members hours announce disclosure mail robot webhook deliver".split(" "),
  extensions: ("id number user person department class call_waiting pickup_group forward_always forward_busy " +
    "forward_no_answer algorithm").split(" "),
};
const row = (file, cells) => Object.fromEntries(COLUMNS[file].map((c, i) => [c, String(cells[i] ?? "")]));
const SCRIPT = "<script>window.cracked=1</script>";

function world() {
  const people = [
    row("people", [1, "顾长河", "gu4 chang2 he2", "董事长", "", 101, "chairman", 8, "", "inside"]),
    row("people", [4, "朱善富", "zhu1 shan4 fu4", "总经理", "", 104, "general_manager", "", "", "inside"]),
    row("people", [5, "周敏之", "zhou1 min3 zhi1", "综合管理部经理", 1, 105, "gad_manager", "", "", "all"]),
    row("people", [6, "李敏", "li3 min3", "话务员", 1, 106, "operator", "", "", "all"]),
    row("people", [7, "张三丰", "zhang1 san1 feng1", "工程部经理", 3, 107, "employee", "", "", "all"]),
    row("people", [8, "何静", "he2 jing4", "董事长秘书", 1, 108, "secretary", "", "", "inside"]),
    row("people", [9, SCRIPT, "", "=HYPERLINK(\"http://evil\")", 3, 109, "employee", "", "", "none"]),
  ];
  for (let i = 0; i < 320; i++)
    people.push(row("people", [1000 + i, `职员${i}`, "zhi2 yuan2", "职员", 2 + (i % 2), 2000 + i, "employee", "", "", "all"]));
  const departments = [
    row("departments", [1, "综合管理部", "zong1 he2 guan3 li3 bu4", 8600, "in_turn", "105 106", 0, 1, "all"]),
    row("departments", [2, "客户服务中心", "ke4 hu4 fu2 wu4 zhong1 xin1", 8950, "in_turn", "2000 2002", 1, 2, "all"]),
    row("departments", [3, "工程部", "gong1 cheng2 bu4", 8310, "all", "107 109", 0, 3, "all"]),
  ];
  const extensions = people.map((p, i) =>
    row("extensions", [p.extension, 8800 + i, `mc${8800 + i}`, p.id, "", "national", 0, "", "", "", "", "md5"]));
  const now = Date.now();
  const slip = (id, ago, who, from, number, more = {}) => ({
    id, call: id, kept_ms: now - ago, for: { person: 7, name: who }, from_number: number, from_name: from,
    urgent: false, clause: "A4.1.2", sound_ms: 0, heard_ms: 0, ...more });
  return {
    tables: { people, departments, extensions },
    version: 1,
    away: new Map(),
    readings: new Map(),
    history: [{ id: 1, at_ms: now - 50 * HOUR, by: "manager", what: "person", item: 7,
      before: { title: "工程部副经理", reading: "zhang1 san1 feng1" }, after: { title: "工程部经理", reading: "zhang1 san1 feng1" } }],
    messages: [
      slip(7, HOUR / 4, "张三丰", "王先生", "13800000417", { sound_ms: 14000 }),
      slip(6, HOUR, "朱善富", "刘女士", "13800002046", { urgent: true, returned: true, clause: "A4.1.3", for: { person: 4, name: "朱善富" } }),
      slip(5, 2 * HOUR, "工程部", SCRIPT, "02100001234", { for: { department: 3, name: "工程部" } }),
      slip(4, 26 * HOUR, "张三丰", "", "", { heard_ms: now - 25 * HOUR, clause: "A4.1.2" }),
      slip(3, 50 * HOUR, "何静", "许女士", "13800007720", { heard_ms: now - 49 * HOUR, clause: "A4.1.4", for: { person: 8, name: "何静" } }),
    ],
    delivery: { 6: {
      ways: [
        { channel: "wecom", address: "zhusf", name: "朱善富", state: "failed", due_ms: 0,
          attempts: [{ at_ms: now - HOUR, outcome: "bad_address", detail: SCRIPT }] },
        { channel: "mail", address: "zhu@example.com", name: "朱善富", state: "delivered", due_ms: 0,
          attempts: [{ at_ms: now - HOUR, outcome: "busy", detail: "451 4.3.0" }, { at_ms: now - HOUR / 2, outcome: "ok", detail: "250 OK" }] },
      ],
      receipts: [{ at_ms: now - HOUR / 2, kind: "delivered", channel: "mail", by: "", note: "zhu@example.com" },
        { at_ms: now - HOUR / 4, kind: "returned", channel: "", by: "", note: "late" }] } },
    content: { 6: { organisation: "清和苑", matter: "询问签约时间，请回电。", call_back: "今天下午三点后", screening: false } },
    appointed: [
      { person: 6, name: "李敏", title: "话务员", number: "8803", account: "operator" },
      { person: 1005, name: "职员5", title: "话务员", number: "8812", account: "operator2" },
    ],
    positions: [{ no: 1, person: 6, name: "李敏", state: "on", page: true, sound: true, call: null, since_ms: now - 2 * HOUR, until_ms: null }],
    standins: [{ id: 1, person: 8, name: "何静", from_ms: now + HOUR, until_ms: now + 3 * HOUR, reason: "李敏去医院",
      asked_by: "operator", asked_ms: now - HOUR / 2, state: "asked", decided_by: "", decided_ms: 0, in_force: false }],
    instructions: [{ id: 1, person: 4, kind: "through", number: "", name: "华建王总", person_name: "朱善富", by: "operator", at_ms: now - HOUR, given_by: "朱善富",
      until_ms: now + 5 * HOUR, text: "今天王总来电直接转" }],
    greetings: new Map(),
  };
}

const csvCell = (v) => (/[",\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : /^[=+\-@]/.test(v) ? `'${v}` : v);
const csvOf = (file, rows) =>
  [COLUMNS[file].join(","), ...rows.map((r) => COLUMNS[file].map((c) => csvCell(r[c] ?? "")).join(","))].join("\r\n") + "\r\n";

/** Only what the tests need: quotes, but no line ends in them. */
function parse(text) {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/).filter(Boolean)
    .map((l) => [...l.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => (m[1] ?? m[2]).replaceAll('""', '"')));
  return lines.slice(1).map((cells) => Object.fromEntries(lines[0].map((c, i) => [c, cells[i] ?? ""])));
}

class Refused extends Error {
  constructor(status, code, text, more = {}) {
    super(text);
    this.status = status;
    this.body = { error: { code, text, ...more } };
  }
}

function merge(w, body) {
  const answer = { added: [], changed: [], removed: [], kept_blank: 0, counts: {}, applied: Boolean(body.apply) };
  for (const file of Object.keys(COLUMNS)) {
    if (!body[file]) continue;
    const mine = new Map(w.tables[file].map((r) => [r.id, r]));
    const seen = new Set();
    for (const [i, r] of parse(body[file]).entries()) {
      if (r.number && !/^\d+$/.test(r.number))
        throw new Refused(400, "bad_entry", "表里有错", { count: 1, errors: [{ file, line: i + 2, column: "number", code: "dialable",
          found: r.number, text: `“${r.number}”不对，应当是 1 到 15 位数字` }] });
      seen.add(r.id);
      const old = mine.get(r.id);
      const name = r.name ?? r.number;
      if (!old) answer.added.push({ file, id: Number(r.id), name });
      else for (const c of Object.keys(r))
        if (r[c] === "" && old[c] !== "") answer.kept_blank++;
        else if (r[c] !== old[c]) answer.changed.push({ file, id: Number(r.id), name: old.name ?? old.number, column: c, before: old[c], after: r[c] });
      if (body.apply) {
        if (!old) w.tables[file].push({ ...row(file, []), ...r });
        else for (const c of Object.keys(r)) if (r[c] !== "") old[c] = r[c];
      }
    }
    const gone = w.tables[file].filter((r) => !seen.has(r.id));
    if (body.leavers) answer.removed.push(...gone.map((r) => ({ file, id: Number(r.id), name: r.name ?? r.number })));
    if (body.leavers && body.apply) w.tables[file] = w.tables[file].filter((r) => seen.has(r.id));
  }
  for (const k of ["added", "changed", "removed"]) answer.counts[k] = new Set(answer[k].map((x) => x.file + x.id)).size;
  return answer;
}

function directory(w) {
  const numbers = new Map(w.tables.extensions.map((e) => [e.id, e.number]));
  const names = new Map(w.tables.departments.map((d) => [d.id, d.name]));
  const reading = (text) => text && { full: text.replace(/\d/g, ""), initials: text.split(" ").map((s) => s[0]).join("") };
  const common = (r) => ({ id: Number(r.id), name: r.name, readings: [reading(r.reading), ...(w.readings.get(r.id) ?? []).map(reading)].filter(Boolean),
    disclosure: r.disclosure, disclosure_text: "", uses: 0, last_used_ms: 0,  });
  return { version: w.version, titles: {}, entries: [
    ...w.tables.people.map((p) => ({ kind: "person", ...common(p), title: p.title, department: names.get(p.department) ?? "",
      number: numbers.get(p.extension) ?? "", post: p.post, reach: "straight", away_until_ms: w.away.get(p.id)?.until_ms,
      away_word: w.away.get(p.id)?.word ?? "" })),
    ...w.tables.departments.map((d) => ({ kind: "department", ...common(d), title: "", department: "", number: d.number, post: "",
      reach: "department" }))] };
}

/** [method, pattern, roles, answer]: a number is a status, a Buffer goes as it is, all else is JSON. */
function routes(w) {
  const need = (found) => { if (!found) throw new Refused(404, "not_found", "没有这一项"); return found; };
  const kept = (what, item, before, after, who) => { w.version++; w.history.unshift({ id: w.history.length + 1, at_ms: Date.now(), by: who, what, item, before, after }); };
  const edit = (file, what) => [
    ["POST", `/api/v1/${file}`, ["manager"], ({ body, who }) => {
      if (!body.name && !body.number) throw new Refused(400, "bad_value", "这里不能空", { field: "name" });
      const id = String(Math.max(...w.tables[file].map((r) => Number(r.id))) + 1);
      w.tables[file].push({ ...row(file, [id]), ...body, id });
      kept(what, Number(id), null, body, who);
      return { id, ...body, ...(file === "extensions" ? { password: "once-7Q2f" } : {}) };
    }],
    ["GET", `/api/v1/${file}/(\\d+)`, ["operator", "manager"], ({ args }) => {
      const r = need(w.tables[file].find((x) => x.id === args[0]));
      return { ...Object.fromEntries(Object.entries(r).filter(([, v]) => v)), other_readings: w.readings.get(r.id) ?? [] };
    }],
    ["PUT", `/api/v1/${file}/(\\d+)`, ["manager"], ({ body, args, who }) => {
      const r = need(w.tables[file].find((x) => x.id === args[0]));
      if (body.number !== undefined && !/^\d+$/.test(body.number)) throw new Refused(400, "bad_value", `“${body.number}”不对，应当是 1 到 15 位数字`, { field: "number" });
      kept(what, Number(r.id), { ...r }, { ...r, ...body }, who);
      Object.assign(r, body);
      return r;
    }],
    ["DELETE", `/api/v1/${file}/(\\d+)`, ["manager"], ({ args, who }) => {
      const r = need(w.tables[file].find((x) => x.id === args[0]));
      w.tables[file] = w.tables[file].filter((x) => x !== r);
      kept(what, Number(r.id), r, null, who);
      return 204;
    }],
  ];
  return [
    ["GET", "/api/v1/directory", ["staff"], () => directory(w)],
    ...edit("people", "person"), ...edit("departments", "department"), ...edit("extensions", "extension"),
    ["PUT", "/api/v1/people/(\\d+)/reading", ["manager"], ({ body, args, who }) => {
      if (body.readings.some((r) => !/^([a-z]+[1-5] ?)*$/.test(r))) throw new Refused(400, "bad_value", "读音须是带声调数字的拼音", { field: "readings" });
      const p = need(w.tables.people.find((x) => x.id === args[0]));
      kept("person", Number(p.id), { reading: p.reading }, { reading: body.readings[0] }, who);
      p.reading = body.readings[0] ?? "";
      w.readings.set(p.id, body.readings.slice(1));
      return 204;
    }],
    ["PUT", "/api/v1/people/(\\d+)/absence", ["manager", "operator"], ({ body, args }) => { w.away.set(args[0], body); w.version++; return 204; }],
    ["DELETE", "/api/v1/people/(\\d+)/absence", ["manager", "operator"], ({ args }) => { w.away.delete(args[0]); w.version++; return 204; }],
    ["GET", "/api/v1/directory/export", ["manager"], ({ query }) => Buffer.from(csvOf(query.get("file"), w.tables[query.get("file")]))],
    ["POST", "/api/v1/directory/import", ["manager"], ({ body }) => merge(w, body)],
    ["GET", "/api/v1/history", ["manager"], ({ query }) => ({
      items: w.history.filter((h) => h.what === query.get("what") && String(h.item) === query.get("item")), next: null })],
    ["GET", "/api/v1/messages", ["staff"], ({ query }) => {
      const all = w.messages.filter((m) => (query.get("state") !== "unheard" || !m.heard_ms) &&
        (query.get("state") !== "returned" || m.returned) &&
        (!query.get("department") || String(m.for.department) === query.get("department")));
      const from = query.get("before") ? all.findIndex((m) => String(m.id) === query.get("before")) + 1 : 0;
      const items = all.slice(from, from + 3);
      return { items, next: from + 3 < all.length ? String(items.at(-1).id) : null };
    }],
    ["POST", "/api/v1/messages", ["operator"], ({ body }) => {
      const name = directory(w).entries.find((e) => e.kind === (body.for_person ? "person" : "department") &&
        e.id === (body.for_person ?? body.for_department))?.name;
      const id = w.messages[0].id + 1;
      w.messages.unshift({ id, kept_ms: Date.now(), for: { person: body.for_person, name }, from_number: body.number, from_name: body.from_name,
        urgent: body.urgency === "urgent", clause: "A3.8", sound_ms: 0, heard_ms: 0 });
      w.content[id] = { organisation: body.organisation, matter: body.matter, call_back: body.call_back ?? "", screening: false };
      return { id };
    }],
    ["GET", "/api/v1/messages/(\\d+)/content", ["staff"], ({ args, query, who }) => {
      const m = need(w.messages.find((x) => String(x.id) === args[0]));
      if (who === "staff" && m.for.person !== 7) throw new Refused(403, "content_closed", "内容只对收件人开放", { clause: "A1" });
      if (who === "manager" && !query.get("reason")) throw new Refused(403, "reason_needed", "须先说明理由才能打开", { clause: "A1" });
      return w.content[m.id] ?? { organisation: SCRIPT, matter: `请回电。${SCRIPT}`, call_back: "", screening: false };
    }],
    ["GET", "/api/v1/delivery", ["operator", "manager"], () => ({ waiting: 2, returned: 1, late: 1, late_in: 3, kept: 41 })],
    ["GET", "/api/v1/messages/(\\d+)/delivery", ["operator", "manager"], ({ args }) => need(w.delivery[args[0]] ?? { ways: [], receipts: [] })],
    ["POST", "/api/v1/messages/(\\d+)/delivery", ["operator", "manager"], () => 204],
    ["POST", "/api/v1/messages/(\\d+)/receipts", ["staff", "operator", "manager"], ({ args }) => {
      Object.assign(need(w.messages.find((m) => String(m.id) === args[0])), { heard_ms: Date.now(), returned: false });
      return 204;
    }],
    ["GET", "/api/v1/messages/(\\d+)/sound", ["staff"], () => silence()],
    ["GET", "/api/v1/operators", ["operator", "manager"], () => ({ appointed: w.appointed, standins: w.standins })],
    ["POST", "/api/v1/standins", ["operator", "manager"], ({ body, who }) => {
      const id = w.standins.length + 1;
      w.standins.unshift({ id, ...body, name: w.tables.people.find((p) => p.id === String(body.person)).name, asked_by: who, asked_ms: Date.now(),
        state: "asked", decided_by: "", decided_ms: 0, in_force: false });
      return { id };
    }],
    ["POST", "/api/v1/standins/(\\d+)/decision", ["manager"], ({ body, args, who }) => {
      Object.assign(need(w.standins.find((s) => String(s.id) === args[0])),
        { state: body.approve ? "approved" : "refused", decided_by: who, decided_ms: Date.now() });
      return 204;
    }],
    ["GET", "/api/v1/instructions", ["operator", "manager"], () => ({ items: w.instructions })],
    ["POST", "/api/v1/instructions", ["operator", "manager"], ({ body }) => {
      const id = w.instructions.length + 1;
      w.instructions.push({ id, number: "", name: "", text: "", by: "x", at_ms: Date.now(), ...body,
        person_name: w.tables.people.find((p) => p.id === String(body.person)).name });
      return { id };
    }],
    ["DELETE", "/api/v1/instructions/(\\d+)", ["operator", "manager"], ({ args }) => { w.instructions = w.instructions.filter((i) => String(i.id) !== args[0]); return 204; }],
    ["GET", "/api/v1/desk/greetings/([\\w-]+)", ["operator"], ({ args, query }) => need(w.greetings.get(args[0] + (query.get("line") ?? "")))],
    ["PUT", "/api/v1/desk/greetings/([\\w-]+)", ["operator"], ({ args, raw, query }) => { w.greetings.set(args[0] + (query.get("line") ?? ""), raw); return 204; }],
    ["DELETE", "/api/v1/desk/greetings/([\\w-]+)", ["operator"], ({ args }) => { w.greetings.delete(args[0]); return 204; }],
    ["GET", "/api/v1/desk", ["operator", "manager"], () => ({ event_id: "1-1", now_ms: Date.now(), company: "某城集团", main_number: "8000", state: "manual",
      reason: "on_duty", position: null, positions: w.positions, calls: [], extensions: [], drafts: {}, greeting: { text: "您好，某城集团", lines: [{ number: "8000", name: "某城集团" }, { number: "8312", name: "张三丰" }] },
      figures: { offered: 0, within_three: 0, attendant: 0, given_up: 0, waiting: 0, held: 0, returned: 0 } })],
    ["GET", "/api/v1/switchboard", ["operator", "manager"], () => ({ state: "manual", reason: "on_duty", operators: 1, company: "某城集团",
      main_number: "8000", calls: [], extensions: [], trunks: [], messages_unheard: 3, event_id: "1-1",
      storage: { state: "well", since_ms: Date.now() - 3600e3, lost_steps: 0, clock_by_s: 0 } })],
  ];
}

function silence() {
  const b = Buffer.alloc(44 + 1600);
  b.write("RIFF", 0); b.writeUInt32LE(36 + 1600, 4); b.write("WAVEfmt ", 8); b.writeUInt32LE(16, 16); b.writeUInt16LE(1, 20);
  b.writeUInt16LE(1, 22); b.writeUInt32LE(8000, 24); b.writeUInt32LE(16000, 28); b.writeUInt16LE(2, 32); b.writeUInt16LE(16, 34);
  b.write("data", 36); b.writeUInt32LE(1600, 40);
  return b;
}

function give(res, status, body, type = "application/json") {
  res.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" });
  res.end(Buffer.isBuffer(body) ? body : body === undefined ? "" : JSON.stringify(body));
}

/** Sign in by a role's name; the password doesn't matter. */
export async function startFake(dist) {
  const w = world();
  const table = routes(w);
  const sent = [];
  const meOf = (name) => ({ user: 1, org: 1, person: { operator: 6, manager: 5, staff: 7 }[name] ?? 0, name,
    display_name: { operator: "李敏", manager: "周敏之", staff: "张三丰" }[name] ?? name, company: "某城集团", roles: ROLES[name] });

  async function api(req, res, url) {
    const chunks = [];
    for await (const c of req) chunks.push(c);
    const raw = Buffer.concat(chunks);
    const json = (req.headers["content-type"] ?? "").startsWith("application/json");
    const body = json && raw.length ? JSON.parse(raw.toString()) : undefined;
    const who = /zongji=(\w+)/.exec(req.headers.cookie ?? "")?.[1];
    if (url.pathname === "/api/v1/session" && req.method === "POST") {
      res.setHeader("Set-Cookie", `zongji=${body.name}; HttpOnly; SameSite=Strict; Path=/`);
      return give(res, 200, meOf(body.name));
    }
    if (!ROLES[who]) return give(res, 401, { error: { code: "sign_in", text: "请先登录" } });
    if (url.pathname === "/api/v1/session") return give(res, 200, meOf(who));
    if (url.pathname === "/api/v1/events") {
      res.writeHead(200, { "Content-Type": "text/event-stream" });
      const beat = () => res.write(`event: beat\ndata: {"now_ms":${Date.now()},"beat_ms":5000}\n\n`);
      beat();
      const timer = setInterval(beat, 4000);
      return res.on("close", () => clearInterval(timer));
    }
    for (const [method, pattern, roles, answer] of table) {
      const m = new RegExp(`^${pattern}$`).exec(url.pathname);
      if (!m || method !== req.method) continue;
      if (!roles.some((r) => ROLES[who].includes(r))) return give(res, 403, { error: { code: "forbidden", text: "您的角色无权查看" } });
      if (method !== "GET") sent.push({ method, path: url.pathname, body, bytes: raw.length, key: req.headers["idempotency-key"] });
      try {
        const a = answer({ body, raw, args: m.slice(1), query: url.searchParams, who });
        if (Buffer.isBuffer(a)) return give(res, 200, a, "application/octet-stream");
        return typeof a === "number" ? give(res, a) : give(res, method === "POST" && a.id ? 201 : 200, a);
      } catch (e) {
        if (!(e instanceof Refused)) throw e;
        return give(res, e.status, e.body);
      }
    }
    return give(res, 404, { error: { code: "not_found", text: "没有这一项" } });
  }
  const server = http.createServer((req, res) => {
    const url = new URL(req.url, "http://x");
    if (url.pathname.startsWith("/api/"))
      return api(req, res, url).catch((e) => give(res, 500, { error: { code: "internal", text: String(e) } }));
    const asked = join(dist, url.pathname);
    const file = extname(asked) && existsSync(asked) ? asked : join(dist, "index.html");
    res.setHeader("Content-Security-Policy", POLICY);
    res.setHeader("Permissions-Policy", "microphone=(self), camera=(), geolocation=()");
    return give(res, 200, readFileSync(file), TYPES[extname(file)]);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { base: `http://127.0.0.1:${server.address().port}`, w, sent, close: () => server.closeAllConnections() || server.close() };
}
