/*
 * Webhooks, signed as “Standard Webhooks” has it: webhook-id is the item's key and stays the same
 * over repeats; webhook-signature is v1,base64(HMAC-SHA256(secret, id.timestamp.body)).
 */
#include "deliver/priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static const struct deliver_webhook *find(const struct deliver_work *w)
{
	for (unsigned i = 0; i < w->config.webhook_count; i++)
		if (text_eq(w->config.webhooks[i].id, w->item->address))
			return &w->config.webhooks[i];
	return NULL;
}

static char *body_make(const struct deliver_work *w, const struct deliver_webhook *h)
{
	json_t *body = json_loads(w->item->json, 0, NULL);
	json_t *content = h->content ? json_loads(w->item->json_content, 0, NULL) : NULL;
	char *text = NULL;

	if (body && content)
		json_object_update(body, content);
	if (body)
		text = json_dumps(body, JSON_COMPACT);
	json_decref(body);
	json_decref(content);
	return text;
}

static void verdict(struct deliver_work *w, long status)
{
	char detail[32];

	snprintf(detail, sizeof(detail), "HTTP %ld", status);
	if (status >= 200 && status < 300)
		deliver_said(w, DELIVER_OK, detail);
	else if (status == 410)
		deliver_said(w, DELIVER_BAD_ADDRESS, detail);
	else if (status == 401 || status == 403)
		deliver_said(w, DELIVER_DENIED, detail);
	else if (status == 400 || status == 413 || status == 422)
		deliver_said(w, DELIVER_REFUSED, detail);
	else if (status >= 300 && status < 400)
		deliver_said(w, DELIVER_BAD_ANSWER, detail); /* nobody is led elsewhere */
	else
		deliver_said(w, DELIVER_BUSY, detail);
}

static void post(struct deliver_work *w, const struct deliver_webhook *h, const char *body)
{
	char id[DELIVER_ID + 24], at[64], sign[128], mac[64];
	size_t cap = strlen(body) + sizeof(id) + sizeof(at);
	struct deliver_answer *a = malloc(sizeof(*a));
	char *text = malloc(cap);
	int64_t now_s = clock_wall_ms() / 1000;
	const struct deliver_request q = {.url = h->url, .body = body, .header = {id, at, sign}};

	if (a && text) {
		snprintf(text, cap, "%s.%" PRId64 ".%s", w->item->key, now_s, body);
		deliver_sign(mac, sizeof(mac), h->secret, strlen(h->secret), text);
		snprintf(id, sizeof(id), "webhook-id: %s", w->item->key);
		snprintf(at, sizeof(at), "webhook-timestamp: %" PRId64, now_s);
		snprintf(sign, sizeof(sign), "webhook-signature: v1,%s", mac);
		if (!deliver_http(w, &q, a))
			verdict(w, a->status);
	}
	free(a);
	free(text);
}

void deliver_webhook_run(struct deliver_work *w)
{
	const struct deliver_webhook *h = find(w);
	char *body;

	if (!h) {
		deliver_said(w, DELIVER_UNSET, NULL);
		return;
	}
	body = body_make(w, h);
	if (body)
		post(w, h, body);
	free(body);
}
