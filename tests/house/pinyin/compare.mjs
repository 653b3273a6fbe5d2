// Compares the syllables that zongji speaks with pinyin-pro's: all prompts, the sample's departments, people and
// companies, and two lists of hard names. Where the two differ and ours is meant, exceptions.json says why.
// usage: node compare.mjs PINYIN_OF (the program that derives readings as src/speech does)
import { customPinyin, pinyin } from "pinyin-pro";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..", "..");
const json = (p) => JSON.parse(readFileSync(join(root, p), "utf8"));
const exceptions = new Map();
const { words, texts: whole } = json("tests/house/pinyin/exceptions.json");
for (const e of whole) exceptions.set(e.text, { ...e, used: false });
customPinyin(Object.fromEntries(words.map((w) => [w.text, w.reading])));

let passed = 0;
const failures = [];
const spoken = new Set();
const check = (ok, text) => (ok ? passed++ : failures.push(text));

const syllables = (reading) => reading.match(/[a-z]+[1-5]/g) ?? [];
const theirs = (text, options) =>
	pinyin(text, { toneType: "num", type: "array", nonZh: "removed", v: true, ...options })
		.map((s) => s.replace("ü", "v").replace(/0$/, "5"))
		.filter((s) => /^[a-z]+[1-5]$/.test(s));

function compare(where, text, reading, options) {
	const ours = syllables(reading).join(" ");
	const other = theirs(text, options).join(" ");
	const exception = exceptions.get(text);
	for (const s of syllables(reading)) spoken.add(s);
	if (exception) exception.used = true;
	const expected = exception ? exception.reading : other;
	check(ours === expected, `${where} ${text}: spoken "${ours}", expected "${expected}"`);
}

function prompts() {
	const readings = json("lang/readings.json");
	for (const lang of ["zh-CN", "zh-TW"]) {
		const texts = json(`lang/${lang}.json`);
		for (const [key, text] of Object.entries(texts)) {
			if (!/^(prompt|digit)\./.test(key)) continue;
			const reading = readings[lang][key] ?? readings["zh-CN"][key];
			check(reading !== undefined, `${lang} ${key}: no reading`);
			if (reading === undefined) continue;
			const slots = (s) => (s.match(/\{\w+\}/g) ?? []).join(" ");
			check(slots(text) === slots(reading), `${lang} ${key}: slots of text and reading differ`);
			// a slot is a break for both
			compare(`${lang} ${key}`, text.replace(/\{\w+\}/g, "，"), reading, { traditional: lang === "zh-TW" });
		}
		for (const key of Object.keys(readings[lang]))
			check(key in texts, `readings.json ${lang} ${key}: no such text`);
	}
}

function csv(path) {
	const [head, ...rows] = readFileSync(path, "utf8").replace(/^\uFEFF/, "").trim().split(/\r?\n/);
	const names = head.split(",");
	return rows.map((r) => Object.fromEntries(r.split(",").map((v, i) => [names[i], v])));
}

function sample() {
	const dir = join(root, "config", "sample");
	for (const org of readdirSync(dir)) {
		const file = (name) => join(dir, org, name);
		if (existsSync(file("departments.csv")))
			for (const d of csv(file("departments.csv"))) compare(`${org} department`, d.name, d.reading, { toneSandhi: false });
		if (existsSync(file("people.csv")))
			for (const p of csv(file("people.csv")))
				compare(`${org} person`, p.name, p.reading, { surname: "head", toneSandhi: false });
		if (!existsSync(file("measures.yaml"))) continue;
		const yaml = readFileSync(file("measures.yaml"), "utf8");
		const [, name, reading] = yaml.match(/^company:\n\s+name: *(\S+).*\n\s+reading: *(.+)$/m) ?? [];
		check(name && reading, `${org}: measures.yaml names no company and its reading`);
		if (name && reading) compare(`${org} company`, name, reading, { toneSandhi: false });
	}
}

function hard(program) {
	for (const [file, kind, options] of [
		["names.txt", "P", { surname: "head", toneSandhi: false }],
		["words.txt", "W", { toneSandhi: false }],
	]) {
		const list = readFileSync(join(here, file), "utf8").split("\n").filter((l) => l && !l.startsWith("#"));
		const input = list.map((l) => `${kind} ${l}\n`).join("");
		const out = execFileSync(program, { input, encoding: "utf8" }).trim().split("\n");
		check(out.length === list.length, `${file}: ${list.length} lines in, ${out.length} out`);
		for (const line of out) {
			const [text, reading] = line.slice(2).split("\t");
			compare(file, text, reading, options);
		}
	}
}

// The engine hears each syllable as one of that tone: 55, 35, 214, 51 (Chao's numbers), the neutral tone none of them.
function engine() {
	const list = [...spoken].sort();
	const run = spawnSync("espeak-ng", ["-q", "-x", "-v", "cmn-latn-pinyin"], { input: list.map((s) => `${s}.\n\n`).join(""), encoding: "utf8" });
	if (run.error) {
		console.log("espeak-ng is not here: what it makes of the syllables is not compared");
		return;
	}
	const heard = run.stdout.trim().split("\n").map((s) => s.trim()).filter(Boolean);
	check(heard.length === list.length, `espeak-ng: ${list.length} syllables in, ${heard.length} out`);
	const tone = { 1: /55/, 2: /35/, 3: /21/, 4: /51/, 5: /(^|\D)(11|22|33|44)?_?\|?$/ };
	list.forEach((s, i) => check(tone[s.at(-1)].test(heard[i] ?? ""), `espeak-ng: ${s} is heard as ${heard[i]}`));
}

prompts();
sample();
hard(process.argv[2]);
engine();
for (const [text, e] of exceptions) check(e.used && e.reason, `exceptions.json: ${text} is not used or has no reason`);
const seen = ["zh-CN", "zh-TW"].map((l) => Object.values(json(`lang/${l}.json`)).join("\n")).join("\n");
for (const w of words) check(seen.includes(w.text) && w.reason, `exceptions.json: ${w.text} is not used or has no reason`);
for (const f of failures) console.log(f);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
