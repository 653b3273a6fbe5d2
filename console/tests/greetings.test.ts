import { expect, test } from "vitest";
import { judge, levelsOf, RATE, speechSpan, wavOf } from "../src/state/greetings";

const tone = (n: number, level: number) =>
  Float32Array.from({ length: n }, (_, i) => level * Math.sin(i));

test("silence before and after is cut, a breath of it stays", () => {
  const sound = new Float32Array(RATE * 3);
  sound.set(tone(RATE, 0.5), RATE);
  const [from, to] = speechSpan(sound, RATE);
  expect(from / RATE).toBeCloseTo(0.85, 2);
  expect(to / RATE).toBeCloseTo(2.15, 2);
  expect(speechSpan(new Float32Array(10), RATE)).toEqual([0, 10]);
});
test("levels are judged", () => {
  const of = (level: number) => judge(levelsOf(tone(8000, level)));
  expect([of(0), of(0.012), of(0.3), of(1)]).toEqual(["silent", "quiet", "good", "loud"]);
  expect(levelsOf(new Float32Array()).mean).toBe(-99);
});
test("a WAV file has its header and what is too loud is cut, not wrapped", async () => {
  const read = (blob: Blob) =>
    new Promise<DataView>((done) => {
      const reader = new FileReader();
      reader.onload = () => done(new DataView(reader.result as ArrayBuffer));
      reader.readAsArrayBuffer(blob);
    });
  const data = await read(wavOf(Float32Array.from([0, 2, -2]), RATE));
  expect(data.byteLength).toBe(50);
  expect([data.getUint32(24, true), data.getUint32(40, true)]).toEqual([RATE, 6]);
  expect([44, 46, 48].map((at) => data.getInt16(at, true))).toEqual([0, 32767, -32767]);
});
