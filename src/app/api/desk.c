/*
 * The operator's desk: the whole picture, duty, commands, heartbeats, half-written forms and own
 * greetings. What is asked is checked here for its shape; whether it may be done, the exchange
 * says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/api/internal.h"
#include "base/text.h"

#define NUMBER_MAX    INT64_C(9007199254740991)
#define POSITIONS     32
#define DRAFT_FIELDS  24
#define DRAFT_NAME    24
#define DRAFT_TEXT    2000
#define NOT_APPOINTED "desk.not_appointed"

/* ---- members of a body ---- */

static bool clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			return false;
	return true;
}

/* The member is absent, or a text of one line that fits. */
static bool take_text(const json_t *body, const char *name, char *dst, size_t cap)
{
	const json_t *j = json_object_get(body, name);
	const char *text = json_string_value(j);

	if (!j || json_is_null(j))
		return true;
	return text && json_string_length(j) == strlen(text) && clean(text) &&
	       text_copy(dst, cap, text) == 0;
}

static bool take_number(const json_t *body, const char *name, int64_t least, int64_t most,
			int64_t *out)
{
	const json_t *j = json_object_get(body, name);

	if (!j || json_is_null(j))
		return true;
	if (!json_is_integer(j) || json_integer_value(j) < least || json_integer_value(j) > most)
		return false;
	*out = json_integer_value(j);
	return true;
}

static bool take_bool(const json_t *body, const char *name, bool *out)
{
	const json_t *j = json_object_get(body, name);

	if (j && !json_is_boolean(j) && !json_is_null(j))
		return false;
	*out = json_is_true(j);
	return true;
}

static bool bad(struct http_call *c, const char *field)
{
	http_call_refuse_field(c, 400, "bad_value", field);
	return false;
}

/* ---- answers ---- */

static void refuse(struct http_call *c, json_t *more)
{
	json_t *code = json_incref(json_object_get(more, "code"));
	const char *text = json_string_value(code);

	if (text)
		http_call_refuse_with(c, 409, text, json_incref(more));
	else
		http_call_refuse(c, 500, "internal", NULL);
	json_decref(code);
}

static void give(struct http_call *c, int err, json_t *out)
{
	const char *field = json_string_value(json_object_get(out, "field"));

	if (!err) {
		http_call_give(c, 200, out);
		return;
	}
	if (err == EPERM)
		refuse(c, out);
	else if (err == EACCES)
		http_call_refuse(c, 403, NOT_APPOINTED, "A5.9");
	else if (err == EINVAL)
		http_call_refuse_field(c, 400, "bad_value", field ? field : "call");
	else
		api_give_result(c, err, NULL);
	json_decref(out);
}

static void give_nothing(struct http_call *c, int err)
{
	if (err)
		give(c, err, NULL);
	else
		http_call_give(c, 204, NULL);
}

/* The id is taken before the picture: whatever is published from then on comes after it. */
static void give_desk(struct http_call *c, int err, json_t *out, const char *id)
{
	if (!err)
		json_object_set_new(out, "event_id", json_string(id));
	give(c, err, out);
}

/* ---- the picture and duty ---- */

void api_desk(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	char id[64];
	int err;

	http_call_event_id(c, id, sizeof(id));
	api_query_begin(c, &q);
	err = a->source.desk ? a->source.desk(a->source.arg, &q, &out) : EAGAIN;
	give_desk(c, err, out, id);
}

static bool take_duty(struct http_call *c, struct api_duty *d)
{
	static const char *const acts[] = {"on", "off", "away", "back"};
	const json_t *body = http_call_body(c);
	bool known = false;

	memset(d, 0, sizeof(*d));
	if (!take_text(body, "act", d->act, sizeof(d->act)))
		return bad(c, "act");
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		known = known || strcmp(acts[i], d->act) == 0;
	if (!known)
		return bad(c, "act");
	if (!take_number(body, "until_ms", 0, NUMBER_MAX, &d->until_ms))
		return bad(c, "until_ms");
	if (!take_text(body, "sound", d->sound, sizeof(d->sound)) ||
	    (d->sound[0] && strcmp(d->sound, "headset") != 0 && strcmp(d->sound, "phone") != 0))
		return bad(c, "sound");
	if (!take_text(body, "extension", d->extension, sizeof(d->extension)) ||
	    (strcmp(d->sound, "phone") == 0 && !d->extension[0]))
		return bad(c, "extension");
	return take_bool(body, "nailed", &d->nailed) ? true : bad(c, "nailed");
}

void api_desk_duty(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	struct api_duty d;
	json_t *out = NULL;
	char id[64];
	int err;

	http_call_event_id(c, id, sizeof(id));
	api_query_begin(c, &q);
	if (!take_duty(c, &d))
		return;
	err = a->source.desk_duty ? a->source.desk_duty(a->source.arg, &q, &d, &out) : EAGAIN;
	give_desk(c, err, out, id);
}

/* ---- commands ---- */

static bool take_target(const json_t *body, struct api_command *m)
{
	const json_t *t = json_object_get(body, "target");
	int64_t person = 0, department = 0;

	if (!t || json_is_null(t))
		return true;
	if (!json_is_object(t) || json_object_size(t) != 1 ||
	    !take_number(t, "person", 1, UINT32_MAX, &person) ||
	    !take_number(t, "department", 1, UINT32_MAX, &department) ||
	    !take_text(t, "number", m->number, sizeof(m->number)))
		return false;
	m->person = (uint32_t)person;
	m->department = (uint32_t)department;
	if (m->number[0])
		return text_is_dialable(m->number, sizeof(m->number) - 1);
	return person || department;
}

static bool take_screened(const json_t *value, uint32_t *bits)
{
	static const char *const names[] = {"surname", "organisation", "matter"};
	bool set;

	if (json_object_size(value) > 3)
		return false;
	for (unsigned i = 0; i < 3; i++) {
		if (!take_bool(value, names[i], &set))
			return false;
		*bits |= set ? 1u << i : 0;
	}
	return true;
}

/* A word, a number, or what has been answered of the three (A4.1.3). */
static bool take_value(const json_t *body, struct api_command *m)
{
	const json_t *v = json_object_get(body, "value");
	int64_t number = 0;

	if (json_is_object(v))
		return take_screened(v, &m->value);
	if (json_is_string(v))
		return take_text(body, "value", m->word, sizeof(m->word));
	if (!take_number(body, "value", 0, UINT32_MAX, &number))
		return false;
	m->value = (uint32_t)number;
	return true;
}

static bool take_command(struct http_call *c, struct api_command *m)
{
	const json_t *body = http_call_body(c);
	const char *key = http_call_header(c, "Idempotency-Key");
	int64_t rev = 0, position = 0;

	memset(m, 0, sizeof(*m));
	if (!take_text(body, "what", m->what, sizeof(m->what)) || !m->what[0])
		return bad(c, "what");
	if (!take_number(body, "call", 1, NUMBER_MAX, &m->call))
		return bad(c, "call");
	if (!take_number(body, "rev", 0, UINT16_MAX, &rev))
		return bad(c, "rev");
	if (!take_number(body, "to_position", 1, POSITIONS, &position))
		return bad(c, "to_position");
	if (!take_target(body, m))
		return bad(c, "target");
	if (!take_value(body, m))
		return bad(c, "value");
	if (!take_text(body, "text", m->text, sizeof(m->text)))
		return bad(c, "text");
	if (!take_text(body, "note", m->note, sizeof(m->note)))
		return bad(c, "note");
	if (key && (!*key || !clean(key) || TEXT_COPY(m->key, key)))
		return bad(c, "Idempotency-Key");
	m->rev = (uint16_t)rev;
	m->to_position = (uint16_t)position;
	return true;
}

void api_desk_command(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_command m;
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	if (!take_command(c, &m))
		return;
	err = a->source.desk_command ? a->source.desk_command(a->source.arg, &q, &m, &out) : EAGAIN;
	give(c, err, out);
}

void api_desk_beat(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	if (!take_number(http_call_body(c), "n", 0, UINT32_MAX, &q.id)) {
		bad(c, "n");
		return;
	}
	err = a->source.desk_beat ? a->source.desk_beat(a->source.arg, &q, &out) : EAGAIN;
	json_decref(out);
	give_nothing(c, err);
}

void api_desk_summary(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	api_query_begin(c, &q);
	err = a->source.desk_summary ? a->source.desk_summary(a->source.arg, &q, &out) : EAGAIN;
	give(c, err, out);
}

/* ---- drafts ---- */

static bool is_draft_name(const char *name)
{
	size_t len = strlen(name);

	return len && len <= DRAFT_NAME && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == len;
}

static bool is_draft_field(const char *name, const json_t *field)
{
	const json_t *text = json_object_get(field, "text");

	return is_draft_name(name) && json_object_size(field) == 2 && json_is_string(text) &&
	       json_string_length(text) <= DRAFT_TEXT &&
	       strlen(json_string_value(text)) == json_string_length(text) &&
	       json_is_boolean(json_object_get(field, "declined"));
}

/* NULL when it is one, else the member that is wrong. */
static const char *draft_fault(const json_t *draft)
{
	static const char *const kinds[] = {"screening", "message", "complaint", "told", "note"};
	const char *kind = json_string_value(json_object_get(draft, "kind"));
	json_t *fields = json_object_get(draft, "fields"), *field;
	const char *name;
	size_t i = 0;

	while (kind && i < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kinds[i], kind) != 0)
		i++;
	if (!kind || i == sizeof(kinds) / sizeof(kinds[0]) || json_object_size(draft) != 2)
		return "kind";
	if (!json_is_object(fields) || json_object_size(fields) > DRAFT_FIELDS)
		return "fields";
	json_object_foreach(fields, name, field)
	{
		if (!is_draft_field(name, field))
			return "fields";
	}
	return NULL;
}

static void set_draft(struct http_call *c, struct api *a, const json_t *draft)
{
	struct api_query q;

	api_query_begin(c, &q);
	if (http_call_param_number(c, "no", 1, NUMBER_MAX, &q.id))
		give_nothing(c, ENOENT);
	else
		give_nothing(c, a->source.draft_set ? a->source.draft_set(a->source.arg, &q, draft)
						    : EAGAIN);
}

void api_draft_put(struct http_call *c, void *arg)
{
	const json_t *draft = http_call_body(c);
	const char *fault = draft_fault(draft);

	if (fault)
		bad(c, fault);
	else
		set_draft(c, arg, draft);
}

void api_draft_drop(struct http_call *c, void *arg)
{
	set_draft(c, arg, NULL);
}

/* ---- own greetings ---- */

static bool take_language(struct http_call *c, struct api_query *q)
{
	const char *name = http_call_param(c, "language"), *line = http_call_query(c, "line");
	enum lang lang;

	api_query_begin(c, q);
	if (!name || !lang_parse(name, &lang) || strcmp(lang_name(lang), name) != 0) {
		http_call_refuse(c, 404, "not_found", NULL);
		return false;
	}
	TEXT_COPY(q->text, name);
	if (line && (strspn(line, "0123456789") != strlen(line) || strlen(line) > 15)) {
		http_call_refuse_field(c, 400, "bad_value", "line");
		return false;
	}
	TEXT_COPY(q->number, line ? line : "");
	return true;
}

void api_greeting_get(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	char path[API_PATH] = "";
	int err;

	if (!take_language(c, &q))
		return;
	err = a->source.greeting_find ? a->source.greeting_find(a->source.arg, &q, path) : EAGAIN;
	if (err)
		give_nothing(c, err);
	else
		api_give_sound(c, path);
}

void api_greeting_put(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	const char *fault;
	size_t len;
	const char *wav = http_call_bytes(c, &len);
	int err;

	if (!take_language(c, &q))
		return;
	err = a->source.greeting_set ? a->source.greeting_set(a->source.arg, &q, wav, len, &out)
				     : EAGAIN;
	fault = json_string_value(json_object_get(out, "fault"));
	if (err == EBADMSG)
		http_call_refuse(c, 400, fault ? fault : "bad_request", NULL);
	else
		give_nothing(c, err);
	json_decref(out);
}

void api_greeting_drop(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;

	if (take_language(c, &q))
		give_nothing(c, a->source.greeting_drop ? a->source.greeting_drop(a->source.arg, &q)
							: EAGAIN);
}
