/*
 * How a message reached whom it is for, what was confirmed, and the page behind the link of a mail
 * or an application message. Mail scanners follow links: reading the page changes nothing, a button
 * on it says that the message is received, and only then is what it says shown (A1, A5.7, A5.8).
 */
#include <stdlib.h>
#include <string.h>

#include "app/api/body.h"
#include "base/text.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

void api_delivery(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_take_id(c, &q))
		return;
	err = API_KEEP(a, delivery, &q, &out);
	api_keep_give(c, err, 200, out);
}

void api_delivery_again(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_take_id(c, &q))
		return;
	err = API_KEEP(a, delivery_again, &q, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}

static const struct api_field receipt_fields[] = {
    {"kind", FIELD_WORD, true, API_FIELD(api_receipt, kind), "received acted told"},
    {"note", FIELD_TEXT, false, API_FIELD(api_receipt, note), NULL},
};

void api_receipt_add(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_receipt r = {0};
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_take_id(c, &q) ||
	    !api_body_take(c, receipt_fields, COUNT(receipt_fields), &r))
		return;
	err = API_KEEP(a, receipt, &q, &r, &out);
	api_keep_give(c, err, err ? 0 : 204, out);
}

void api_delivery_figures(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	json_t *out = NULL;
	int err;

	if (!api_query_list(c, &q))
		return;
	err = API_KEEP(a, delivery_figures, &q, &out);
	api_keep_give(c, err, 200, out);
}

/* ---- the page ---- */

static bool take_link(struct http_call *c, struct api_query *q, struct api_link *l)
{
	const char *token = http_call_param(c, "token");

	api_query_begin(c, q);
	q->lang = http_call_language(c);
	if (token && !TEXT_COPY(l->token, token))
		return true;
	http_call_refuse(c, 404, "not_found", NULL);
	return false;
}

static void page(struct http_call *c, struct api *a, const struct api_query *q, struct api_link *l)
{
	char *html = NULL;
	int err = API_KEEP(a, link, q, l, &html);

	if (!html) {
		api_keep_give(c, err ? err : ENOMEM, 200, NULL);
		return;
	}
	http_call_answer_header(c, "Content-Security-Policy",
				"default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; "
				"form-action 'self'; frame-ancestors 'none'");
	http_call_give_text(c, err == ENOENT ? 404 : 200, "text/html; charset=utf-8", html);
	free(html);
}

void api_link_show(struct http_call *c, void *arg)
{
	struct api_link l = {.act = API_LINK_SHOW};
	struct api_query q;

	if (take_link(c, &q, &l))
		page(c, arg, &q, &l);
}

/* The body is one field of a form: "act=received" or "act=acted". */
void api_link_act(struct http_call *c, void *arg)
{
	struct api_link l = {.act = API_LINK_RECEIVED};
	struct api_query q;
	size_t len;

	if (!take_link(c, &q, &l))
		return;
	if (text_eq(http_call_bytes(c, &len), "act=acted"))
		l.act = API_LINK_ACTED;
	page(c, arg, &q, &l);
}

void api_link_sound(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_link l = {.act = API_LINK_SOUND};
	struct api_query q;
	char *path = NULL;
	int err;

	if (!take_link(c, &q, &l))
		return;
	err = API_KEEP(a, link, &q, &l, &path);
	if (err)
		api_keep_give(c, err, 200, NULL);
	else
		api_give_sound(c, path);
	free(path);
}
