/** Phones and trunks: state by shape, colour and word. */
import type { Extension, Trunk } from "../api/client";
import { extensions, lostSince, trunks } from "../state/switchboard";
import { t } from "../text";
import { Lamp, type LampState, lampWord } from "./lamp";
import { type Column, Table } from "./table";

function lampOf(e: Extension): LampState {
  if (lostSince.value !== undefined) return "unknown";
  return e.dnd && e.state === "idle" ? "dnd" : e.state;
}

function Phone({ extension }: { extension: Extension }) {
  const lamp = lampOf(extension);
  return (
    <li class={`phone ${lamp}`}>
      <Lamp state={lamp} />
      <b class="num">{extension.number}</b>
      <span class="one">{extension.name}</span>
      <span class="word">{lampWord(lamp)}</span>
    </li>
  );
}

export function Phones() {
  const all = [...extensions.value.values()].sort((a, b) => (a.number < b.number ? -1 : 1));
  const reachable = all.filter((e) => e.state !== "unreachable").length;
  return (
    <section class="zone phones" aria-label={t("console.pane.phones")}>
      <h2 class="up">{t("console.pane.phones")}</h2>
      <div class="scroll" tabIndex={0} role="group" aria-label={t("console.pane.phones")}>
        <p class="q">
          {t("console.phones.count", {
            reachable: lostSince.value === undefined ? reachable : "—",
            all: all.length,
          })}
        </p>
        <ul>
          {all.map((e) => (
            <Phone key={e.id} extension={e} />
          ))}
        </ul>
      </div>
    </section>
  );
}

export function Trunks() {
  const lost = lostSince.value !== undefined;
  const lamp = (k: Trunk): LampState => (lost ? "unknown" : k.usable ? "idle" : "unreachable");
  const columns: Column<Trunk>[] = [
    { head: t("console.trunk.name"), cell: (k) => <span class="one">{k.name}</span> },
    {
      head: t("console.trunk.state"),
      width: 15,
      cell: (k) => (
        <span class="lamped">
          <Lamp state={lamp(k)} />
          {lost ? lampWord("unknown") : t(k.usable ? "console.trunk.up" : "console.trunk.down")}
        </span>
      ),
    },
    {
      head: t("console.trunk.use"),
      width: 9,
      right: true,
      cell: (k) => (lost ? "—" : k.limit ? `${k.in_use} / ${k.limit}` : k.in_use),
    },
  ];
  return (
    <section class="zone trunks" aria-label={t("console.pane.trunks")}>
      <h2 class="up">{t("console.pane.trunks")}</h2>
      <div>
        <Table
          caption={t("console.pane.trunks")}
          columns={columns}
          rows={[...trunks.value.values()]}
          rowKey={(k) => k.id}
          empty={t("console.trunk.none")}
        />
      </div>
    </section>
  );
}
