/*
 * The content of a message (A1): it opens only to its recipient, to those whom the recipient named,
 * to the operator while it is undelivered, or to a role that the measures name, with a reason. Each
 * opening, and each refusal, is kept before anything is given (A5.8). A recording of a whole call
 * opens to GAD's manager alone, with a reason.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/api/internal.h"
#include "base/text.h"

#define NUMBER_MAX INT64_C(9007199254740991)

enum api_opening_rule api_content_rule(const struct http_identity *who,
				       const struct api_content *content, bool has_reason,
				       const char **clause, bool *recipient)
{
	*clause = "A1";
	*recipient = (who->person && who->person == content->for_person) || content->of_department;
	if (*recipient)
		return API_OPEN;
	for (unsigned i = 0; i < content->named_count && i < API_NAMED; i++)
		if (who->person && content->named[i] == who->person)
			return API_OPEN;
	if ((who->roles & API_OPERATOR) && !content->delivered) {
		*clause = "A3.8";
		return API_OPEN;
	}
	if (who->roles & content->roles_with_reason)
		return has_reason ? API_OPEN : API_OPEN_NEEDS_REASON;
	return API_OPEN_NOT;
}

static bool take_query(struct http_call *c, struct api_query *q)
{
	const char *reason = http_call_query(c, "reason");

	api_query_begin(c, q);
	if (http_call_param_number(c, "id", 1, NUMBER_MAX, &q->id)) {
		http_call_refuse(c, 404, "not_found", NULL);
		return false;
	}
	if (reason && TEXT_COPY(q->reason, reason)) {
		http_call_refuse_field(c, 400, "bad_value", "reason");
		return false;
	}
	return true;
}

/* False when it stays closed, and the refusal is given. */
static bool open_content(struct http_call *c, struct api *a, const struct api_query *q,
			 struct api_content *content)
{
	struct api_opening o = {.who = q->who, .message = q->id};
	enum api_opening_rule rule;
	const char *clause;
	int err = a->source.content_find(a->source.arg, q, content);

	if (err) {
		http_call_refuse(c, err == ENOENT ? 404 : 503,
				 err == ENOENT ? "not_found" : "unavailable", NULL);
		return false;
	}
	rule = api_content_rule(&q->who, content, q->reason[0], &clause, &o.recipient);
	if (rule == API_OPEN_NEEDS_REASON) {
		http_call_refuse(c, 403, "reason_needed", clause);
		return false;
	}
	o.allowed = rule == API_OPEN;
	TEXT_COPY(o.clause, clause);
	TEXT_COPY(o.reason, q->reason);
	TEXT_COPY(o.address, http_call_address(c));
	err = a->source.opening_keep(a->source.arg, &o);
	if (!o.allowed)
		http_call_refuse(c, 403, "content_closed", clause);
	else if (err)
		http_call_refuse(c, 503, "unavailable", "A5.8");
	return o.allowed && !err;
}

void api_message_content(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	struct api_content content = {0};

	if (take_query(c, &q) && open_content(c, a, &q, &content))
		api_give(c, a, a->source.message_text, &q);
}

void api_give_sound(struct http_call *c, const char *path)
{
	FILE *f = path[0] ? fopen(path, "rbe") : NULL;
	long size = -1;
	void *bytes = NULL;

	if (f && fseek(f, 0, SEEK_END) == 0)
		size = ftell(f);
	if (size > 0 && size <= (long)API_SOUND_BYTES && fseek(f, 0, SEEK_SET) == 0)
		bytes = malloc((size_t)size);
	if (bytes && fread(bytes, 1, (size_t)size, f) != (size_t)size) {
		free(bytes);
		bytes = NULL;
	}
	if (f)
		fclose(f);
	if (bytes)
		http_call_give_bytes(c, "audio/wav", bytes, (size_t)size);
	else
		http_call_refuse(c, 404, "not_found", NULL);
}

void api_message_sound(struct http_call *c, void *arg)
{
	struct api *a = arg;
	const char *part = http_call_query(c, "part");
	bool screening = part && strcmp(part, "screening") == 0;
	struct api_query q;
	struct api_content content = {0};

	if (part && !screening && strcmp(part, "message") != 0) {
		http_call_refuse_field(c, 400, "bad_value", "part");
		return;
	}
	if (take_query(c, &q) && open_content(c, a, &q, &content))
		api_give_sound(c, screening ? content.screening_path : content.sound_path);
}

static void refuse_recording(struct http_call *c, int err)
{
	if (err == ENOENT)
		http_call_refuse(c, 404, "not_found", NULL);
	else if (err == ENODATA)
		http_call_refuse(c, 410, "recording_gone", NULL);
	else if (err == EACCES)
		http_call_refuse(c, 500, "recording_unreadable", NULL);
	else
		http_call_refuse(c, 503, "unavailable", "A5.8");
}

void api_recording(struct http_call *c, void *arg)
{
	const char *reason = http_call_query(c, "reason");
	struct api *a = arg;
	struct api_recording r = {0};
	struct api_query q;
	int err;

	api_query_begin(c, &q);
	if (http_call_param_number(c, "no", 1, NUMBER_MAX, &q.id) ||
	    http_call_param_number(c, "id", 1, NUMBER_MAX, &r.id)) {
		http_call_refuse(c, 404, "not_found", NULL);
		return;
	}
	if (!reason) {
		http_call_refuse_field(c, 400, "required", "reason");
		return;
	}
	if (reason[strspn(reason, " ")] == '\0') {
		http_call_refuse(c, 403, "reason_needed", "A1");
		return;
	}
	if (TEXT_COPY(q.reason, reason)) {
		http_call_refuse_field(c, 400, "bad_value", "reason");
		return;
	}
	TEXT_COPY(r.address, http_call_address(c));
	err = a->source.recording ? a->source.recording(a->source.arg, &q, &r) : EAGAIN;
	if (err) {
		refuse_recording(c, err);
		return;
	}
	http_call_answer_header(c, "Recording-State", r.whole ? "whole" : "cut");
	http_call_give_bytes(c, "audio/wav", r.bytes, r.len);
}
