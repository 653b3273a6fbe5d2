/*
 * Group robots of WeCom, DingTalk and Feishu: they post into a group, and so serve departments
 * only. Errors come inside a 200. DingTalk's and Feishu's are signed, each in its own way; WeCom's
 * have nothing but the key in their address.
 */
#include "deliver/priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define WECOM	 "https://qyapi.weixin.qq.com"
#define DINGTALK "https://oapi.dingtalk.com"
#define FEISHU	 "https://open.feishu.cn"

static const struct deliver_robot *find(const struct deliver_work *w)
{
	for (unsigned i = 0; i < w->config.robot_count; i++)
		if (text_eq(w->config.robots[i].id, w->item->address))
			return &w->config.robots[i];
	return NULL;
}

static json_t *body_make(const struct deliver_item *it, const struct deliver_robot *r)
{
	char text[sizeof(it->notice) + sizeof(it->link) + 2];

	snprintf(text, sizeof(text), "%s%s%s", it->notice, it->link[0] ? "\n" : "", it->link);
	if (r->kind == DELIVER_ROBOT_FEISHU)
		return json_pack("{s:s,s:{s:s}}", "msg_type", "text", "content", "text", text);
	return json_pack("{s:s,s:{s:s}}", "msgtype", "text", "text", "content", text);
}

static void url_wecom(char *out, size_t cap, const struct deliver_robot *r, const char *key)
{
	snprintf(out, cap, "%s/cgi-bin/webhook/send?key=%s", r->url[0] ? r->url : WECOM, key);
}

/* sign is HMAC-SHA256 with the secret over "timestamp\nsecret", timestamp in milliseconds. */
static void url_dingtalk(char *out, size_t cap, const struct deliver_robot *r, const char *key)
{
	int64_t now_ms = clock_wall_ms();
	char text[DELIVER_SECRET + 32], mac[64], escaped[128];

	snprintf(out, cap, "%s/robot/send?access_token=%s", r->url[0] ? r->url : DINGTALK, key);
	if (!r->secret[0])
		return;
	snprintf(text, sizeof(text), "%" PRId64 "\n%s", now_ms, r->secret);
	deliver_sign(mac, sizeof(mac), r->secret, strlen(r->secret), text);
	deliver_escape(escaped, sizeof(escaped), mac);
	text_append(out, cap, "&timestamp=%" PRId64 "&sign=%s", now_ms, escaped);
}

/* Here "timestamp\nsecret" is the key and nothing is signed with it; timestamp in seconds. */
static void url_feishu(char *out, size_t cap, const struct deliver_robot *r, const char *key,
		       json_t *body)
{
	char at[24], text[DELIVER_SECRET + 32], mac[64];

	snprintf(out, cap, "%s/open-apis/bot/v2/hook/%s", r->url[0] ? r->url : FEISHU, key);
	if (!r->secret[0])
		return;
	snprintf(at, sizeof(at), "%" PRId64, clock_wall_ms() / 1000);
	snprintf(text, sizeof(text), "%s\n%s", at, r->secret);
	deliver_sign(mac, sizeof(mac), text, strlen(text), "");
	json_object_set_new(body, "timestamp", json_string(at));
	json_object_set_new(body, "sign", json_string(mac));
}

/* What each platform's code means; those that aren't here may pass. */
static enum deliver_outcome meaning(int kind, json_int_t code)
{
	static const struct {
		int kind;
		json_int_t code;
		enum deliver_outcome o;
	} codes[] = {
	    {DELIVER_ROBOT_WECOM, 93000, DELIVER_BAD_ADDRESS},	   /* no such robot */
	    {DELIVER_ROBOT_WECOM, 40058, DELIVER_REFUSED},	   /* what it says isn't allowed */
	    {DELIVER_ROBOT_DINGTALK, 300001, DELIVER_BAD_ADDRESS}, /* no such token */
	    {DELIVER_ROBOT_DINGTALK, 310000, DELIVER_DENIED},	   /* signature, keyword, address */
	    {DELIVER_ROBOT_DINGTALK, 400102, DELIVER_BAD_ADDRESS}, /* switched off */
	    {DELIVER_ROBOT_FEISHU, 19001, DELIVER_BAD_ADDRESS},
	    {DELIVER_ROBOT_FEISHU, 19002, DELIVER_REFUSED},
	    {DELIVER_ROBOT_FEISHU, 19021, DELIVER_DENIED}, /* signature or time */
	    {DELIVER_ROBOT_FEISHU, 19022, DELIVER_DENIED}, /* address */
	    {DELIVER_ROBOT_FEISHU, 19024, DELIVER_DENIED}, /* keyword */
	};

	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].kind == kind && codes[i].code == code)
			return codes[i].o;
	return DELIVER_BUSY;
}

static void verdict(struct deliver_work *w, int kind, const struct deliver_answer *a)
{
	json_t *j = deliver_answer_json(a);
	const bool feishu = kind == DELIVER_ROBOT_FEISHU;
	const json_t *code = json_object_get(j, feishu ? "code" : "errcode");
	const char *words = json_string_value(json_object_get(j, feishu ? "msg" : "errmsg"));
	char detail[DELIVER_DETAIL];

	if (feishu && !code)
		code = json_object_get(j, "StatusCode"); /* as it said it earlier */
	if (!json_is_integer(code)) {
		snprintf(detail, sizeof(detail), "HTTP %ld", a->status);
		deliver_said(
		    w, a->status >= 500 || a->status == 429 ? DELIVER_BUSY : DELIVER_BAD_ANSWER,
		    detail);
	} else if (json_integer_value(code) == 0) {
		deliver_said(w, DELIVER_OK, words);
	} else {
		snprintf(detail, sizeof(detail), "%" JSON_INTEGER_FORMAT " %s",
			 json_integer_value(code), words ? words : "");
		deliver_said(w, meaning(kind, json_integer_value(code)), detail);
	}
	json_decref(j);
}

void deliver_robot_run(struct deliver_work *w)
{
	const struct deliver_robot *r = find(w);
	char url[1024], key[3 * DELIVER_SECRET];
	struct deliver_request q = {.url = url};
	struct deliver_answer *a;
	json_t *body;
	char *text;

	if (!r) {
		deliver_said(w, DELIVER_UNSET, NULL);
		return;
	}
	a = malloc(sizeof(*a));
	body = body_make(w->item, r);
	deliver_escape(key, sizeof(key), r->key);
	if (r->kind == DELIVER_ROBOT_WECOM)
		url_wecom(url, sizeof(url), r, key);
	else if (r->kind == DELIVER_ROBOT_DINGTALK)
		url_dingtalk(url, sizeof(url), r, key);
	else
		url_feishu(url, sizeof(url), r, key, body);
	q.body = text = json_dumps(body, JSON_COMPACT);
	if (a && text && !deliver_http(w, &q, a))
		verdict(w, r->kind, a);
	json_decref(body);
	free(text);
	free(a);
}
