#include "app/api/body.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define NUMBER_MAX INT64_C(9007199254740991)

static bool refuse(struct http_call *c, const char *code, const char *field, const char *expected)
{
	json_t *more = json_pack("{s:s}", "field", field);

	if (expected)
		json_object_set_new(more, "expected", json_string(expected));
	http_call_refuse_with(c, 400, code, more);
	return false;
}

static bool text_ok(const char *text, bool lines)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 ? !(lines && *text == '\n') : *text == 0x7f)
			return false;
	return true;
}

static bool take_text(struct http_call *c, const struct api_field *f, const json_t *v, char *dst)
{
	const char *text = json_string_value(v);
	char most[40];

	if (!text || json_string_length(v) != strlen(text) ||
	    !text_ok(text, f->type == FIELD_LINES))
		return refuse(c, "bad_value", f->name, "text");
	if (f->type == FIELD_PHONE && text[strspn(text, "0123456789*#+")])
		return refuse(c, "bad_value", f->name, "0-9 * # +");
	if (f->required && !text[strspn(text, " \n")])
		return refuse(c, "required", f->name, NULL);
	snprintf(most, sizeof(most), "%zu", f->size - 1);
	if (text_copy(dst, f->size, text))
		return refuse(c, "too_long", f->name, most);
	return true;
}

static int word_place(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0; len && *words; i++) {
		size_t n = strcspn(words, " ");

		if (n == len && memcmp(words, word, n) == 0)
			return i;
		words += n + (words[n] == ' ');
	}
	return -1;
}

static bool take_words(struct http_call *c, const struct api_field *f, const json_t *v, char *dst)
{
	size_t i;
	json_t *one;

	if (!json_is_array(v))
		return refuse(c, "bad_value", f->name, f->words);
	dst[0] = '\0';
	json_array_foreach((json_t *)v, i, one) {
		const char *word = json_string_value(one);

		if (!word || word_place(f->words, word) < 0)
			return refuse(c, "bad_value", f->name, f->words);
		if (word_place(dst, word) < 0 &&
		    text_append(dst, f->size, "%s%s", dst[0] ? " " : "", word))
			return refuse(c, "bad_value", f->name, f->words);
	}
	return true;
}

static bool take_number(struct http_call *c, const struct api_field *f, const json_t *v, void *dst)
{
	const json_int_t n = json_integer_value(v);
	const bool id = f->type == FIELD_ID;
	uint32_t u;

	/* null and 0 say "none" where there may be none */
	if (!f->required && (json_is_null(v) || (json_is_integer(v) && n == 0)))
		return true;
	if (!json_is_integer(v) || n < (id ? 1 : 0) || n > (id ? UINT32_MAX : NUMBER_MAX))
		return refuse(c, "bad_value", f->name, id ? "id" : "0-9007199254740991");
	u = (uint32_t)n;
	if (id) {
		memcpy(dst, &u, sizeof(u));
	} else {
		const int64_t no = n;

		memcpy(dst, &no, sizeof(no));
	}
	return true;
}

static bool take_field(struct http_call *c, const struct api_field *f, const json_t *v, char *base)
{
	void *to = base + f->offset;
	int place;

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_LINES:
	case FIELD_PHONE:
		return take_text(c, f, v, to);
	case FIELD_ID:
	case FIELD_NO:
		return take_number(c, f, v, to);
	case FIELD_BOOL:
		if (!json_is_boolean(v))
			return refuse(c, "bad_value", f->name, "true false");
		*(bool *)to = json_is_true(v);
		return true;
	case FIELD_WORD:
		place = json_is_string(v) ? word_place(f->words, json_string_value(v)) : -1;
		if (place < 0)
			return refuse(c, "bad_value", f->name, f->words);
		*(uint8_t *)to = (uint8_t)place;
		return true;
	case FIELD_WORDS:
		return take_words(c, f, v, to);
	}
	return false;
}

bool api_body_take(struct http_call *c, const struct api_field *fields, size_t count, void *out)
{
	json_t *body = (json_t *)http_call_body(c);
	const char *name;
	json_t *v;

	if (!json_is_object(body)) {
		http_call_refuse(c, 400, "bad_json", NULL);
		return false;
	}
	json_object_foreach(body, name, v) {
		const struct api_field *f = NULL;

		for (size_t i = 0; i < count && !f; i++)
			if (strcmp(fields[i].name, name) == 0)
				f = &fields[i];
		if (!f)
			return refuse(c, "unknown_member", name, NULL);
		if (!take_field(c, f, v, out))
			return false;
	}
	for (size_t i = 0; i < count; i++)
		if (fields[i].required && !json_object_get(body, fields[i].name))
			return refuse(c, "required", fields[i].name, NULL);
	return true;
}

bool api_take_id(struct http_call *c, struct api_query *q)
{
	api_query_begin(c, q);
	if (http_call_param_number(c, "id", 1, NUMBER_MAX, &q->id) == 0)
		return true;
	http_call_refuse(c, 404, "not_found", NULL);
	return false;
}

bool api_take_request(struct http_call *c, char *dst, size_t cap)
{
	const char *key = http_call_header(c, "Idempotency-Key");

	if (!key || (text_ok(key, false) && text_utf8_valid(key, strlen(key)) &&
		     text_copy(dst, cap, key) == 0))
		return true;
	return refuse(c, "bad_value", "Idempotency-Key", NULL);
}

static void give_refusal(struct http_call *c, unsigned status, const char *code, json_t *more)
{
	const char *own = json_string_value(json_object_get(more, "code"));
	char name[64];

	TEXT_COPY(name, own ? own : code);
	json_object_del(more, "code");
	http_call_refuse_with(c, status, name, more);
}

void api_keep_give(struct http_call *c, int err, unsigned status, json_t *out)
{
	switch (err) {
	case 0:
		http_call_give(c, status, out);
		return;
	case EINVAL:
		give_refusal(c, 400, "bad_value", out);
		return;
	case EALREADY:
		give_refusal(c, 409, "already", out);
		return;
	case ENOBUFS:
		give_refusal(c, 409, "full", out);
		return;
	case EACCES:
		http_call_refuse(c, 403, "desk.not_appointed", "A5.9");
		break;
	case EPERM:
		http_call_refuse(c, 403, "forbidden", NULL);
		break;
	case ENOENT:
		http_call_refuse(c, 404, "not_found", NULL);
		break;
	case EAGAIN:
	case ETIMEDOUT:
	case EBUSY:
	case ENOTCONN:
		http_call_refuse(c, 503, "unavailable", NULL);
		break;
	case ENOSPC:
		http_call_refuse(c, 507, "unavailable", NULL);
		break;
	default:
		http_call_refuse(c, 500, "internal", NULL);
		break;
	}
	json_decref(out);
}
