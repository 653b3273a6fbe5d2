/* /healthz and /metrics, made once a second on the call thread. */
#include "app/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/live.h"

#define CLOCK_SET_MS  60000
#define CLOCK_TOLD_MS 600000

static uint32_t calls_now(const struct app *a)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < a->org_count; i++)
		n += exchange_calls(a->org[i].exchange);
	return n;
}

static json_t *trunks(struct app *a, unsigned *usable, unsigned *all)
{
	json_t *list = json_object();
	struct sip_trunk_status s;

	for (unsigned i = 0; i < a->config->node.trunk_count; i++) {
		const struct config_trunk *t = &a->config->node.trunks[i];

		if (!t->enabled || sip_room_trunk_status(a->sip, (uint16_t)(i + 1), &s))
			continue;
		++*all;
		*usable += s.state == SIP_TRUNK_UP;
		json_object_set_new(list, t->id,
				    json_string(s.state == SIP_TRUNK_UP
							? "usable"
							: sip_trunk_reason_name(s.reason)));
	}
	return list;
}

/* Storage as the console is told of it. */
json_t *app_storage_json(struct app *a)
{
	const bool clock = clock_mono_ms() < a->clock_told_until_ms;
	struct records_health r;

	records_health(a->records, &r);
	return json_pack("{s:s,s:I,s:I,s:I}", "state", records_state_name(r.state), "since_ms",
			 (json_int_t)r.since_ms, "lost_steps", (json_int_t)r.lost_steps,
			 "clock_by_s",
			 (json_int_t)(clock ? a->clock_by_ms / 1000 : 0));
}

/* Who reads times or figures has to know that they begin anew. */
static bool clock_watch(struct app *a)
{
	int64_t ahead_ms = clock_wall_ms() - clock_mono_ms();
	int64_t by_ms = a->clock_ahead_ms ? ahead_ms - a->clock_ahead_ms : 0;
	bool was = a->clock_told_until_ms != 0;

	a->clock_ahead_ms = ahead_ms;
	if (llabs(by_ms) > CLOCK_SET_MS) {
		log_warn("app", "the clock was set by %lld s", (long long)(by_ms / 1000));
		a->clock_by_ms = by_ms;
		a->clock_told_until_ms = clock_mono_ms() + CLOCK_TOLD_MS;
		return true;
	}
	if (was && clock_mono_ms() >= a->clock_told_until_ms)
		a->clock_told_until_ms = 0;
	return was && !a->clock_told_until_ms;
}

static void tell(struct app *a, const struct records_health *r)
{
	bool clock = clock_watch(a);

	if (!clock && r->state == a->storage_told)
		return;
	a->storage_told = r->state;
	if (live_watched(a))
		live_publish(a, 0, APP_LIVE_ROLES, "storage", app_storage_json(a));
}

static void health(struct app *a, const struct records_health *r)
{
	unsigned usable = 0, all = 0;
	json_t *reasons = json_array(), *list = trunks(a, &usable, &all), *j;
	bool ok = !a->closing_since_ms;
	char *text;

	if (a->closing_since_ms)
		json_array_append_new(reasons, json_string("closing"));
	if (all && !usable)
		json_array_append_new(reasons, json_string("no_trunk"));
	if (r->state != RECORDS_WELL) /* calls go on without it */
		json_array_append_new(reasons, json_string("storage"));
	if (a->clock_told_until_ms)
		json_array_append_new(reasons, json_string("clock"));
	if (a->leg_count >= APP_LEGS - 8) {
		json_array_append_new(reasons, json_string("full"));
		ok = false;
	}
	j = json_pack("{s:b,s:o,s:s,s:i,s:I,s:o,s:{s:s,s:I,s:I,s:I}}", "ok", ok, "reasons",
		      reasons, "version", ZONGJI_VERSION, "calls", (int)calls_now(a),
		      "started_ms", (json_int_t)a->started_wall_ms, "trunks", list, "storage",
		      "state", records_state_name(r->state), "behind_ms",
		      (json_int_t)r->behind_ms, "queued", (json_int_t)r->queued, "lost_steps",
		      (json_int_t)r->lost_steps);
	text = json_dumps(j, JSON_COMPACT);
	if (text)
		http_room_health_set(a->http, ok, text);
	free(text);
	json_decref(j);
}

struct metric {
	const char *name, *type;
	double value;
};

static void write_metrics(struct app *a, const struct metric *m, size_t count)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return;
	for (size_t i = 0; i < count; i++)
		fprintf(f, "# TYPE zongji_%s %s\nzongji_%s %.15g\n", m[i].name, m[i].type,
			m[i].name, m[i].value);
	if (fclose(f) == 0)
		http_room_metrics_set(a->http, text);
	free(text);
}

static void metrics(struct app *a, const struct records_health *r)
{
	struct media_stats m;
	struct sip_room_stats s;
	struct http_figures h;

	media_stats(a->media, &m);
	sip_room_stats(a->sip, &s);
	http_room_figures(a->http, &h);
	const struct metric all[] = {
		{"calls", "gauge", calls_now(a)},
		{"legs", "gauge", a->leg_count},
		{"calls_offered_total", "counter", (double)a->calls_offered},
		{"calls_refused_total", "counter", (double)a->calls_refused},
		{"events_lost_total", "counter", (double)a->events_lost},
		{"sip_requests_received_total", "counter", (double)s.requests_in},
		{"sip_requests_sent_total", "counter", (double)s.requests_out},
		{"sip_malformed_total", "counter", (double)s.malformed},
		{"sip_auth_failures_total", "counter", (double)s.auth_failures},
		{"sip_lockouts_total", "counter", (double)s.lockouts},
		{"sip_bindings", "gauge", s.bindings},
		{"sip_registers_total", "counter", (double)s.registers_ok},
		{"sip_sessions", "gauge", s.sessions},
		{"sip_timers", "gauge", s.timers},
		{"rtp_packets_received_total", "counter", (double)m.rx_packets},
		{"rtp_packets_sent_total", "counter", (double)m.tx_packets},
		{"rtp_relayed_total", "counter", (double)m.relayed},
		{"rtp_transcoded_total", "counter", (double)m.transcoded},
		{"rtp_strangers_total", "counter", (double)m.rx_stranger},
		{"rtp_late_ticks_total", "counter", (double)m.late_ticks},
		{"rtp_ticks_total", "counter", (double)m.ticks},
		{"rtp_lateness_p99_microseconds", "gauge", m.lateness_p99_us},
		{"recordings", "gauge", m.recordings},
		{"store_steps_total", "counter", (double)r->steps},
		{"store_messages_total", "counter", (double)r->messages},
		{"store_commits_total", "counter", (double)r->commits},
		{"store_queued", "gauge", (double)r->queued},
		{"store_lost_steps_total", "counter", (double)r->lost_steps},
		{"store_commit_max_milliseconds", "gauge", r->commit_max_ms},
		{"http_requests_total", "counter", (double)h.requests},
		{"http_streams", "gauge", h.streams},
		{"http_events_total", "counter", (double)h.events},
	};
	write_metrics(a, all, sizeof(all) / sizeof(all[0]));
}

void app_health_update(struct app *a)
{
	struct records_health r;

	records_health(a->records, &r);
	tell(a, &r);
	health(a, &r);
	metrics(a, &r);
}
