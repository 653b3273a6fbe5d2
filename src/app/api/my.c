/* What is the asker's own: see my.h. */
#include <stdlib.h>
#include <string.h>

#include "app/api/body.h"
#include "base/text.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Whatever the account may see otherwise: here it sees its own. False: a 404 is given, since an
 * account without a place in the directory has nothing. */
static bool take_own(struct http_call *c, struct api_query *q)
{
	api_query_begin(c, q);
	q->own = true;
	if (q->who.person)
		return true;
	http_call_refuse(c, 404, "not_found", NULL);
	return false;
}

static bool take_own_id(struct http_call *c, struct api_query *q)
{
	if (!api_take_id(c, q))
		return false;
	q->own = true;
	if (q->who.person)
		return true;
	http_call_refuse(c, 404, "not_found", NULL);
	return false;
}

void api_mine(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!take_own(c, &q))
		return;
	err = API_MY(a, show, &q, &out);
	api_keep_give(c, err, 200, out);
}

void api_mine_messages(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_query_list(c, &q))
		return;
	q.own = true;
	if (!q.who.person) {
		http_call_refuse(c, 404, "not_found", NULL);
		return;
	}
	err = API_MY(a, messages, &q, &out);
	api_keep_give(c, err, 200, out);
}

void api_mine_open(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!take_own_id(c, &q))
		return;
	err = API_MY(a, open, &q, &out);
	api_keep_give(c, err, 200, out);
}

void api_mine_sound(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	char path[API_PATH] = "";
	int err;

	if (!take_own_id(c, &q))
		return;
	err = API_MY(a, sound, &q, path, sizeof(path));
	if (err)
		api_keep_give(c, err, 200, NULL);
	else
		api_give_sound(c, path);
}

static const struct api_field done_fields[] = {
    {"note", FIELD_TEXT, false, API_FIELD(api_done, note), NULL},
};

void api_mine_done(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_done d = {""};
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!take_own_id(c, &q) || !api_body_take(c, done_fields, COUNT(done_fields), &d))
		return;
	err = API_MY(a, done, &q, &d, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}

/* ---- the state of the day ---- */

static const struct api_field absence_fields[] = {
    {"until_ms", FIELD_NO, false, API_FIELD(api_absence, until_ms), NULL},
    {"word", FIELD_TEXT, false, API_FIELD(api_absence, word), NULL},
};

static void absence(struct http_call *c, struct api *a, bool on)
{
	struct api_absence b = {.on = on};
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!take_own(c, &q))
		return;
	if (on && !api_body_take(c, absence_fields, COUNT(absence_fields), &b))
		return;
	q.id = q.who.person;
	err = API_KEEP(a, absence, &q, &b, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}

void api_mine_absence(struct http_call *c, void *arg)
{
	absence(c, arg, true);
}

void api_mine_back(struct http_call *c, void *arg)
{
	absence(c, arg, false);
}

static const struct api_field forward_fields[] = {
    {"kind", FIELD_WORD, true, API_FIELD(api_forward, kind), "always busy no_answer"},
    {"number", FIELD_TEXT, false, API_FIELD(api_forward, number), NULL},
};

void api_mine_forward(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_forward f = {0};
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!take_own(c, &q) || !api_body_take(c, forward_fields, COUNT(forward_fields), &f))
		return;
	err = API_MY(a, forward, &q, &f, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}

/* ---- readings, order of delivery ---- */

void api_mine_reading(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_readings r = {.file = API_PEOPLE};
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!take_own(c, &q) || !api_readings_take(c, &r))
		return;
	err = API_MY(a, readings, &q, &r, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}

void api_mine_reading_sound(struct http_call *c, void *arg)
{
	struct api *a = arg;
	const char *text = http_call_query(c, "text");
	struct api_file_out file = {NULL, 0};
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!take_own(c, &q))
		return;
	if (!text || !*text || TEXT_COPY(q.text, text)) {
		http_call_refuse_field(c, 400, "bad_reading", "text");
		return;
	}
	err = API_MY(a, reading_sound, &q, &file, &out);
	if (err)
		api_keep_give(c, err, 0, out);
	else
		http_call_give_bytes(c, "audio/wav", file.bytes, file.len);
}

static const struct api_field order_fields[] = {
    {"order", FIELD_WORDS, true, API_FIELD(api_order, ways),
     "page mail wecom dingtalk feishu webhook call"},
};

void api_mine_order(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_order o = {""};
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!take_own(c, &q) || !api_body_take(c, order_fields, COUNT(order_fields), &o))
		return;
	err = API_MY(a, order, &q, &o, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}

static const struct api_field pin_fields[] = {
    {"old", FIELD_PHONE, false, API_FIELD(api_pin, old), NULL},
    {"pin", FIELD_PHONE, true, API_FIELD(api_pin, pin), NULL},
};

void api_mine_pin(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_pin p = {.old = ""};
	struct http_identity who;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!take_own(c, &q) || !api_body_take(c, pin_fields, COUNT(pin_fields), &p))
		return;
	err = API_MY(a, pin_set, &q, &p, &out);
	explicit_bzero(&p, sizeof(p));
	who = q.who;
	who.roles &= ~API_BY_LINK; /* what the link allowed has been done */
	if (!err && http_call_session_open(c, &who)) /* the others have ended */
		err = EAGAIN;
	if (err == EPERM)
		http_call_refuse_field(c, 403, "pin_locked", "old");
	else
		api_keep_give(c, err, err ? 0 : 204, out);
}
