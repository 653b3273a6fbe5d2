/* What a mail, an application message and a webhook say. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/delivery.h"
#include "records/delivery.h"

void delivery_when(char *out, size_t cap, int64_t at_ms)
{
	time_t t = (time_t)(at_ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(out, cap, "%Y-%m-%d %H:%M", &tm);
}

void delivery_who(const struct app *a, enum lang lang, const struct records_message *m, char *out,
		  size_t cap)
{
	text_copy(out, cap, m->from_name[0] ? m->from_name : m->from_number);
	if (!out[0])
		text_copy(out, cap, catalogue_text(a->catalogue, lang, "delivery.unknown"));
	if (m->organisation[0])
		text_append(out, cap, " · %s", m->organisation);
}

/* "Label: value" on a line of its own; nothing when there is no value. */
static void line(const struct app *a, struct deliver_item *it, const char *key, const char *value)
{
	char text[CATALOGUE_TEXT + RECORDS_MATTER];

	if (!value[0])
		return;
	catalogue_format(a->catalogue, a->lang, key, text, sizeof(text), "value", value, NULL);
	text_append(it->text, sizeof(it->text), "%s\n", text);
}

static void mail_text(const struct app *a, const struct delivery_words *w, const char *when,
		      struct deliver_item *it)
{
	const struct records_message *m = w->message;
	char seconds[16] = "";

	line(a, it, "delivery.mail.for", w->to);
	line(a, it, "delivery.mail.when", when);
	line(a, it, "delivery.mail.from", m->from_name);
	line(a, it, "delivery.mail.organisation", m->organisation);
	line(a, it, "delivery.mail.number", m->from_number);
	line(a, it, "delivery.mail.matter", m->matter);
	line(a, it, "delivery.mail.call_back", m->call_back);
	if (m->recording[0])
		snprintf(seconds, sizeof(seconds), "%u", (m->recording_ms + 500) / 1000);
	line(a, it, "delivery.mail.sound", seconds);
	if (w->link[0])
		text_append(it->text, sizeof(it->text), "\n");
	line(a, it, "delivery.mail.link", w->link);
}

/* A file's name on any system: no separators, nothing that a shell or a drive would take. */
static void file_name(const struct app *a, const struct delivery_words *w, const char *when,
		      struct deliver_item *it)
{
	const struct records_message *m = w->message;
	char who[48];

	text_copy(who, sizeof(who), m->from_name[0] ? m->from_name : m->from_number);
	catalogue_format(a->catalogue, a->lang, "delivery.sound_name", it->file_name,
			 sizeof(it->file_name), "who", who, "when", when, NULL);
	TEXT_COPY(it->file_type, "audio/wav");
	for (char *at = it->file_name; *at; at++)
		if ((unsigned char)*at < 0x21 || strchr("/\\:*?\"<>|", *at))
			*at = '-';
}

static void json(const struct app *a, const struct delivery_words *w, struct deliver_item *it)
{
	const struct records_message *m = w->message;
	json_t *j = json_pack("{s:s,s:s,s:I,s:i,s:I,s:{s:s,s:i,s:s},s:b,s:i,s:s}", "type",
			      "message.waits", "key", it->key, "message", (json_int_t)m->id,
			      "organisation", (int)m->org, "kept_ms", (json_int_t)m->kept_at_ms,
			      "for", "kind", w->way->person ? "person" : "department", "id",
			      (int)(w->way->person ? w->way->person : w->way->department), "name",
			      w->to, "urgent", m->urgency == RECORDS_URGENT, "sound_ms",
			      (int)m->recording_ms, "link", w->link);
	json_t *c = json_pack("{s:{s:s,s:s,s:s,s:s,s:s}}", "content", "name", m->from_name,
			      "organisation", m->organisation, "number", m->from_number, "matter",
			      m->matter, "call_back", m->call_back);

	json_dumpb(j, it->json, sizeof(it->json) - 1, JSON_COMPACT);
	json_dumpb(c, it->json_content, sizeof(it->json_content) - 1, JSON_COMPACT);
	json_decref(j);
	json_decref(c);
	(void)a;
}

static const char *company(const struct app *a, uint32_t org)
{
	for (unsigned i = 0; i < a->org_count; i++)
		if (a->org[i].id == org)
			return a->config->measures[i].company;
	return "";
}

void delivery_compose(const struct app *a, const struct delivery_words *w, struct deliver_item *it)
{
	const struct records_message *m = w->message;
	const bool urgent = m->urgency == RECORDS_URGENT;
	char when[32], who[160], id[24];

	memset(it, 0, sizeof(*it));
	it->id = w->way->id;
	it->at_ms = m->kept_at_ms;
	TEXT_COPY(it->address, w->way->address);
	TEXT_COPY(it->link, w->link);
	/* The same for every attempt on this way, and for nothing else anywhere. */
	snprintf(it->key, sizeof(it->key), "zongji-%lld-%lld-%lld", (long long)m->kept_at_ms,
		 (long long)m->id, (long long)w->way->id);
	snprintf(id, sizeof(id), "%lld", (long long)m->id);
	delivery_when(when, sizeof(when), m->kept_at_ms);
	delivery_who(a, a->lang, m, who, sizeof(who));
	catalogue_format(a->catalogue, a->lang, "delivery.sender", it->sender, sizeof(it->sender),
			 "company", company(a, m->org), NULL);
	catalogue_format(a->catalogue, a->lang, urgent ? "delivery.title_urgent" : "delivery.title",
			 it->title, sizeof(it->title), "who", who, "when", when, NULL);
	catalogue_format(a->catalogue, a->lang,
			 urgent ? "delivery.notice_urgent" : "delivery.notice", it->notice,
			 sizeof(it->notice), "to", w->to, "when", when, "id", id, NULL);
	TEXT_COPY(it->link_text, catalogue_text(a->catalogue, a->lang, "delivery.read"));
	mail_text(a, w, when, it);
	file_name(a, w, when, it);
	if (m->recording[0])
		snprintf(it->file, sizeof(it->file), "%s/sounds/%s", a->data, m->recording);
	json(a, w, it);
}
