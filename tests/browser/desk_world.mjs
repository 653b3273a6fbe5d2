// The mock's people and its twelve moments, as the server would tell them. All names are invented.
const P = (id, name, title, department, number, full, more = {}) => ({ kind: "person", id, name, title, department,
  number, post: "employee", reach: "straight", disclosure: "all", disclosure_text: `“${name}的分机是 ${number}。”`,
  uses: 0, last_used_ms: 0,
  readings: [{ full, initials: full.split(" ").map((s) => s[0]).join("") }], ...more });
const D = (id, name, number, full, more = {}) => ({ ...P(id, name, "", name, number, full), kind: "department",
  reach: "department", disclosure_text: `“${name}的电话是 ${number}。”`, ...more });

const PEOPLE = (now) => [
  P(1, "张三丰", "工程部经理", "工程部", "8312", "zhang san feng", { uses: 90 }),
  D(2, "综合管理部", "8600", "zong he guan li bu", { uses: 80, post: "gad" }),
  D(3, "客户服务中心", "8950", "ke hu fu wu zhong xin", { uses: 70, post: "customer_service" }),
  D(4, "工程部", "8310", "gong cheng bu", { uses: 60, members: ["8312", "8313"] }),
  P(5, "张淑芬", "", "财务部", "8420", "zhang shu fen", { uses: 50, away_until_ms: now + 4.3 * 3600e3 }),
  P(6, "朱善富", "总经理", "", "8801", "zhu shan fu", { uses: 40, post: "general_manager", reach: "screened" }),
  P(7, "顾长河", "董事长", "", "8800", "gu chang he", { uses: 30, post: "chairman", reach: "secretary", secretary: 17 }),
  P(8, "林望舒", "副董事长", "", "8802", "lin wang shu", { uses: 20, post: "vice_chairman", reach: "secretary", secretary: 18 }),
  P(9, "梁雨", "", "销售部", "8701", "liang yu", { uses: 10 }),
  P(10, "李向东", "工程部副经理", "工程部", "8313", "li xiang dong", { uses: 9 }),
  P(11, "周敏之", "综合管理部经理", "综合管理部", "8601", "zhou min zhi", { uses: 8, post: "gad_manager" }),
  P(12, "唐小棠", "客服专员", "客户服务中心", "8951", "tang xiao tang"),
  P(13, "马一鸣", "客服专员", "客户服务中心", "8952", "ma yi ming"),
  P(14, "杜若", "客服专员", "客户服务中心", "8953", "du ruo"),
  P(15, "孙立", "", "采购部", "8230", "sun li"),
  D(16, "法务部", "8510", "fa wu bu", { uses: 7 }),
  P(17, "何静", "董事长秘书", "董事会办公室", "8805", "he jing", { post: "secretary" }),
  P(18, "沈清", "副董事长秘书", "董事会办公室", "8806", "shen qing", { post: "secretary" }),
  D(19, "财务部", "8400", "cai wu bu", { uses: 6 }),
];

const SURNAMES = "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo".split(" ");
const GIVEN = ("wei fang na min jing li qiang lei jun yang yong yan jie juan tao ming chao xiu xia ping gang gui hua "
  + "fei bo hui xin bin yu ying kai hao jia long").split(" ");
const HAN = { sur: "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗",
  given: "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂华飞波慧欣斌宇英凯浩佳龙" };

/** `people` more of them, by a fixed rule, so that figures repeat. */
export function directory(people = 0) {
  const list = PEOPLE(Date.now());
  let seed = 7;
  const next = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let i = 0; list.length < people; i++) {
    const s = next(SURNAMES.length), a = next(GIVEN.length), b = next(GIVEN.length);
    const two = next(4) > 0;
    list.push(P(1000 + i, HAN.sur[s] + HAN.given[a] + (two ? HAN.given[b] : ""), "", `项目${next(60) + 1}部`,
      String(20000 + i), [SURNAMES[s], GIVEN[a], ...(two ? [GIVEN[b]] : [])].join(" "), { uses: i % 97 === 0 ? 5 : 0 }));
  }
  return list;
}

const READ = { 总经理: "zong jing li", 董事长: "dong shi zhang", 董事长秘书: "dong shi zhang mi shu" };
export const titles = (entries) => Object.fromEntries(entries.filter((e) => READ[e.title]).map((e) => [e.title,
  [{ full: READ[e.title], initials: READ[e.title].split(" ").map((s) => s[0]).join("") }]]));

const LAMPS = { 8312: "idle", 8600: "idle", 8950: "idle", 8420: "idle", 8801: "idle", 8805: "idle",
  8806: "busy", 8701: "unreachable", 8313: "idle", 8601: "idle", 8951: "busy", 8952: "idle", 8953: "idle", 8230: "idle",
  8510: "idle", 8400: "idle" };

function call(no, name, organisation, more = {}) {
  const now = Date.now();
  const { ago = 0, ...rest } = more;
  return { no, rev: 1, bay: "ringing", position: null, leader: false,
    caller: { number: "13800000417", name, organisation, extension: "", trunk: "T", ...rest.caller }, dialled: "8000", line: "",
    began_ms: now - ago, since_ms: now - ago, rings: 1, ring_since_ms: now - ago, ringing: [1], queued: "no", note: "",
    target: null, reached: "none", outcome: "none", state: "ring", sentence: "", sentence_text: "", sentence_clause: "",
    screened: [], complaint: false, together: false, consulted: false, consent: false, remind_ms: null, park: "",
    past: [], steps: [{ at_ms: now - ago, step: "arrived", clause: "A4.1.1" }], ...rest,
    caller: { number: "13800000417", name, organisation, extension: "", trunk: "T", ...rest.caller } };
}
const DAY = 86400e3;
const last = (target, ...more) => [{ at_ms: Date.now() - 6 * DAY, target, outcome: "answered", talk_ms: 250e3 }, ...more];
const missed = { at_ms: Date.now() - 13 * DAY, target: "张三丰", outcome: "message", talk_ms: 0 };
const finance = { at_ms: Date.now() - 35 * DAY, target: "财务部", outcome: "answered", talk_ms: 156e3 };
const steps = (...names) => names.map((step) => ({ at_ms: Date.now() - 9000, step, clause: step === "answered_operator" ? "A4.1.1" : "A4.1.2" }));
const zhang = { person: 1, department: 0, name: "张三丰", number: "8312", title: "工程部经理" };
const zhu = { person: 6, department: 0, name: "朱善富", number: "8801", title: "总经理" };
const fang = () => call(12, "方工", "石桥监理", { ago: 4000, past: last("工程部"), caller: { number: "13800000555" } });
const gate = () => call(13, "门岗", "东门", { ago: 2000, caller: { extension: "8233", trunk: "", number: "8233" } });
const chen = () => call(14, "陈女士", "云亭物业", { bay: "held", state: "held", position: 1, ago: 65000, remind_ms: Date.now() + 25000,
  target: { ...zhang, person: 5, name: "张淑芬", number: "8420", title: "" }, caller: { number: "13800001180" } });
const wang = (more = {}) => call(11, "王先生", "华建工程", { bay: "in_hand", state: "desk", position: 1, together: true, ago: 12000,
  past: last("张三丰", missed, finance), ringing: [], steps: steps("arrived", "answered_operator"), ...more });

function position(no, name, more = {}) {
  return { no, person: 89 + no, name, state: "on", page: true, sound: true, call: null, since_ms: Date.now() - 3600e3,
    until_ms: null, ...more };
}

export function world() {
  const now = Date.now();
  return {
    state: "manual", reason: "on_duty",
    positions: [position(1, "李敏"), position(2, "陈洁", { call: 99 })],
    figures: { offered: 180, within_three: 176, attendant: 4, given_up: 0, waiting: 0, held: 0, returned: 0 },
    calls: new Map(), drafts: new Map(),
    extensions: Object.entries(LAMPS).map(([number, state], i) => ({ id: i + 1, number, name: "", state, dnd: false })),
    instructions: [
      { id: 1, person: 6, kind: "through", given_by: "朱善富", name: "赵总", until_ms: now + 3600e3, text: "北坡赵总来电直接转" },
      { id: 2, person: 8, kind: "refuse", given_by: "林望舒", until_ms: now + 7200e3, text: "下午都不接，请留言" }],
    cards: {
      facts: [{ title: "地址", text: "某城大道 1 号某城大厦" }, { title: "传真", text: "总机转 8699" }],
      emergency: [{ title: "火警", text: "先报 119，再通知保安部", number: "8233" }, { title: "停电", text: "工程部值班", number: "8310" }],
      approved: [{ title: "", text: "“渗漏报修登记后 48 小时内上门，超时由客服督办。”" },
        { title: "", text: "“您的话我原样转给客服，不用再说一遍。”" }] },
  };
}

const add = (w, ...calls) => { for (const c of calls) w.calls.set(c.no, c); };
const f = (text, declined = false) => ({ text, declined });

/** What differs in each of the mock's moments. What is typed or opened is done by keys. */
export const scenes = {
  1: (w) => add(w, call(11, "王先生", "华建工程", { ago: 9000, rings: 2, past: last("工程部") }),
    call(15, "", "", { ago: 3000, caller: { number: "13800002046" } })),
  2: (w) => add(w, wang(), fang(), chen()),
  3: (w) => add(w, wang({ state: "target", target: zhang, reached: "ordinary", ago: 6000, steps: steps("arrived", "answered_operator", "target", "target_ringing") }),
    fang(), chen()),
  4: (w) => add(w, wang({ target: zhang, reached: "ordinary", outcome: "no_answer", ago: 46000,
    steps: steps("arrived", "answered_operator", "target", "target_ringing", "target_no_answer") }), fang(), gate(), chen()),
  5(w) {
    add(w, wang({ ago: 34000, steps: steps("arrived", "answered_operator", "screening") }),
      fang(), gate(), chen());
    w.drafts.set(11, { kind: "screening", fields: { for: f("person-6"), surname: f("王"), organisation: f("华建工程"), matter: f("三期工程款结算，想约朱总本周面谈") } });
  },
  6(w) {
    add(w, wang({ state: "consult", target: zhu, reached: "general_manager", together: false, consulted: true, ago: 14000,
      screened: ["surname", "organisation", "matter"], steps: steps("arrived", "screening", "screened", "consultation", "consulted") }),
      fang(), gate(), chen());
    w.drafts.set(11, { kind: "screening", fields: { surname: f("王先生"), organisation: f("华建工程"), matter: f("谈三期工程款结算，想约本周面谈") } });
  },
  7(w) {
    scenes[4](w);
    w.drafts.set(11, { kind: "message", fields: { for: f("person-1"), surname: f("王先生"), organisation: f("华建工程"), number: f("13800000417"),
      matter: f("三期材料几时进场，请张经理今天下班前回电。"), urgency: f("today") } });
  },
  8(w) {
    add(w, wang({ complaint: true, ago: 112000, caller: { name: "刘女士", organisation: "清和苑 6 栋", number: "13800009275" } }),
      fang(), gate(), chen());
    w.drafts.set(11, { kind: "complaint", fields: { surname: f("刘女士"), organisation: f("清和苑 6 栋 1203"),
      said: f("卫生间顶上渗水，十天前报修，没有人上门。要见总经理。") } });
  },
  9(w) {
    w.positions[0] = position(1, "李敏", { state: "away", until_ms: Date.now() + 22 * 60e3 });
    w.positions[1].state = "away";
    Object.assign(w, { state: "automatic", reason: "away" });
    add(w, call(11, "王先生", "华建工程", { bay: "attendant", rings: 0, ring_since_ms: 0, ago: 41000 }),
      call(15, "赵女士", "北坡建材", { bay: "attendant", rings: 0, ring_since_ms: 0, ago: 6000 }));
  },
  10: (w) => scenes[2](w),
  11: (w) => add(w, call(16, "赵女士", "北坡建材", { bay: "attendant", rings: 3, ago: 14000, past: last("采购部"),
    steps: steps("arrived", "ringing", "answered_attendant", "announced") }),
    call(15, "", "", { ago: 3000, caller: { number: "13800002046" } })),
  12(w) {
    const law = { person: 0, department: 16, name: "法务部", number: "8510", title: "" };
    add(w, wang({ caller: { name: "许女士", organisation: "远岫律师事务所", number: "13800008132" }, state: "target", target: law, reached: "ordinary", ago: 3000,
      steps: steps("arrived", "answered_operator", "target", "target_ringing") }),
      call(20, "林望舒", "副董事长", { leader: true, rings: 2, ago: 6000, caller: { extension: "8802", trunk: "", number: "8802" } }),
      call(21, "赵女士", "北坡建材", { bay: "attendant", rings: 3, ago: 18000 }),
      call(22, "", "", { bay: "attendant", rings: 3, ago: 13000, caller: { number: "13800003391" } }),
      call(23, "许先生", "白鹭设计院", { rings: 3, ago: 10000, past: last("设计部") }),
      call(24, "", "", { rings: 2, ago: 7000, caller: { number: "13800007720" } }),
      fang(), call(25, "宋女士", "青禾园艺", { ago: 1000, dialled: "8001", past: last("物业部") }),
      call(26, "张淑芬", "财务部", { rings: 2, ago: 8000, caller: { extension: "8420", trunk: "", number: "8420" } }), gate(),
      call(27, "吴女士", "远山广告", { bay: "held", position: 1, ago: 94000, remind_ms: Date.now() - 4000, target: { ...zhang, person: 5, name: "张淑芬", number: "8420" } }),
      chen(), call(28, "周先生", "", { bay: "held", position: 1, ago: 22000, remind_ms: Date.now() + 68000 }),
      call(29, "孙先生", "石桥监理", { bay: "returned", position: 1, ago: 7000, outcome: "no_answer", target: zhang }),
      call(30, "郑女士", "", { bay: "returned", position: 1, ago: 3000, outcome: "busy", target: law }));
  },
};
