/**
 * The hook switch of a headset by WebHID (usage page 0x0B, telephony), where the browser has it:
 * other browsers do without.
 */
import { signal } from "@preact/signals";

const TELEPHONY = 0x0b;
const HOOK_SWITCH = 0x000b0020;

interface ReportItem {
  usages?: number[];
  reportSize?: number;
  reportCount?: number;
}
interface Report {
  reportId?: number;
  items?: ReportItem[];
}
interface Collection {
  usagePage?: number;
  inputReports?: Report[];
}
interface InputReport extends Event {
  reportId: number;
  data: DataView;
}
interface Device extends EventTarget {
  opened: boolean;
  collections: Collection[];
  open(): Promise<void>;
}
interface Hid {
  getDevices(): Promise<Device[]>;
  requestDevice(options: { filters: { usagePage: number }[] }): Promise<Device[]>;
}

export const hookThere = signal(false);
/** Called with true when the headset is taken up, false when it is put down. */
export const hookCalls = new Set<(off: boolean) => void>();

const hid = () => (navigator as Navigator & { hid?: Hid }).hid;
export const hookPossible = () => hid() !== undefined;

/** Where the switch's bit is in a report, undefined when it isn't in it. */
export function hookBit(collections: Collection[], reportId: number): number | undefined {
  for (const c of collections) {
    if (c.usagePage !== TELEPHONY) continue;
    for (const report of c.inputReports ?? []) {
      if ((report.reportId ?? 0) !== reportId) continue;
      let bit = 0;
      for (const item of report.items ?? []) {
        const place = item.usages?.indexOf(HOOK_SWITCH) ?? -1;
        if (place >= 0) return bit + place * (item.reportSize ?? 1);
        bit += (item.reportSize ?? 0) * (item.reportCount ?? 0);
      }
    }
  }
  return undefined;
}

async function follow(device: Device): Promise<void> {
  if (!device.opened) await device.open();
  let was: boolean | undefined;
  device.addEventListener("inputreport", (e) => {
    const { reportId, data } = e as InputReport;
    const bit = hookBit(device.collections, reportId);
    if (bit === undefined || bit >> 3 >= data.byteLength) return;
    const off = ((data.getUint8(bit >> 3) >> (bit & 7)) & 1) === 1;
    if (off === was) return;
    was = off;
    for (const call of hookCalls) call(off);
  });
  hookThere.value = true;
}

/** Those that were allowed before; no question is put. */
export async function findHook(): Promise<void> {
  const found = (await hid()?.getDevices()) ?? [];
  for (const d of found)
    if (d.collections.some((c) => c.usagePage === TELEPHONY))
      await follow(d).catch(() => undefined);
}

/** The browser asks which; only while a key or button is being pressed. */
export async function askForHook(): Promise<void> {
  const found = (await hid()?.requestDevice({ filters: [{ usagePage: TELEPHONY }] })) ?? [];
  for (const d of found) await follow(d);
}
