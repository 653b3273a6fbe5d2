/*
 * Application messages to a person in WeCom, DingTalk and Feishu: an access token for the company's
 * credentials, kept until shortly before its end and fetched anew when the platform says that it is
 * none any more; then the message. Errors come inside a 200, and so does “no such user”.
 * They say that a message waits, and where, never what it says.
 */
#include "deliver/priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define TOKEN_EARLY_MS 300000 /* a token isn't used in its last minutes … */
#define TOKEN_LEAST_MS 1000
#define CODES	       8

/* What differs between the platforms in talking about errors. */
struct platform {
	const char *code, *words, *token, *expires; /* members of an answer */
	json_int_t stale[CODES];		    /* the token is none any more */
	json_int_t nobody[CODES];		    /* no such user, or not one of ours */
	json_int_t denied[CODES];		    /* our credentials */
	json_int_t refused[CODES];
};

static const struct platform wecom = {
    "errcode",
    "errmsg",
    "access_token",
    "expires_in",
    .stale = {40014, 42001, 41001},
    .nobody = {81013, 82001, 40003, 60111, 40031},
    .denied = {40001, 40013, 48002, 60011, 60020, 301002, 40056},
    .refused = {40058, 45002, 44004},
};
static const struct platform dingtalk = {
    "errcode",
    "errmsg",
    "access_token",
    "expires_in",
    .stale = {40014, 42001, 41001},
    .nobody = {33012, 400002, 1430000},
    .denied = {40001, 40089, 40096, 52010, 60011, 60020},
    .refused = {143106, 1430002},
};
static const struct platform feishu = {
    "code",
    "msg",
    "tenant_access_token",
    "expire",
    .stale = {99991663, 99991661, 99991664, 99991668, 99991677},
    .nobody = {230013, 230001, 99992351, 99992352, 230034},
    .denied = {10003, 10014, 10012, 99991672, 230006, 230027},
    .refused = {230028, 230025},
};

static bool among(const json_int_t codes[CODES], json_int_t code)
{
	for (unsigned i = 0; i < CODES && codes[i]; i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* One attempt's way through a platform. */
struct asking {
	struct deliver_work *w;
	const struct platform *p;
	const struct deliver_app *app;
	struct deliver_answer *a;
	json_t *said; /* the last answer */
	json_int_t code;
	char base[DELIVER_URL], token[DELIVER_TOKEN];
};

static void outcome_of(struct asking *k)
{
	const char *words = json_string_value(json_object_get(k->said, k->p->words));
	char detail[DELIVER_DETAIL];
	enum deliver_outcome o = DELIVER_BUSY;

	snprintf(detail, sizeof(detail), "%" JSON_INTEGER_FORMAT " %s", k->code,
		 words ? words : "");
	if (among(k->p->nobody, k->code))
		o = DELIVER_BAD_ADDRESS;
	else if (among(k->p->denied, k->code) || among(k->p->stale, k->code))
		o = DELIVER_DENIED;
	else if (among(k->p->refused, k->code))
		o = DELIVER_REFUSED;
	deliver_said(k->w, o, detail);
}

/* 0: k->said is an answer of the platform with k->code 0. ESTALE: the token. EIO: told. */
static int ask(struct asking *k, const struct deliver_request *q)
{
	char detail[32];
	const json_t *code;

	json_decref(k->said);
	k->said = NULL;
	if (deliver_http(k->w, q, k->a))
		return EIO;
	k->said = deliver_answer_json(k->a);
	code = json_object_get(k->said, k->p->code);
	if (!json_is_integer(code)) {
		snprintf(detail, sizeof(detail), "HTTP %ld", k->a->status);
		deliver_said(k->w,
			     k->a->status >= 500 || k->a->status == 429 ? DELIVER_BUSY
									: DELIVER_BAD_ANSWER,
			     detail);
		return EIO;
	}
	k->code = json_integer_value(code);
	/* DingTalk's gateway wraps what it was told. */
	if (k->code == 88 && json_is_string(json_object_get(k->said, "sub_code")))
		k->code =
		    strtoll(json_string_value(json_object_get(k->said, "sub_code")), NULL, 10);
	if (k->code == 0)
		return 0;
	outcome_of(k);
	return among(k->p->stale, k->code) ? ESTALE : EIO;
}

/* --- tokens --- */

static int token_fetch(struct asking *k, const struct deliver_request *q)
{
	const char *token;
	int64_t s, ms;
	int err = ask(k, q);

	if (err)
		return EIO;
	token = json_string_value(json_object_get(k->said, k->p->token));
	s = json_integer_value(json_object_get(k->said, k->p->expires));
	if (!token || !token[0] || TEXT_COPY(k->token, token)) {
		deliver_said(k->w, DELIVER_BAD_ANSWER, NULL);
		return EIO;
	}
	ms = s * 1000 - TOKEN_EARLY_MS;
	TEXT_COPY(k->w->lane->token.value, token);
	k->w->lane->token.until_ms = clock_mono_ms() + (ms > TOKEN_LEAST_MS ? ms : TOKEN_LEAST_MS);
	return 0;
}

typedef int fetch(struct asking *k);

/* The lane's other thread waits meanwhile: it would ask for the same. */
static int token_get(struct asking *k, fetch *f)
{
	struct deliver_token *t = &k->w->lane->token;
	int err = 0;

	pthread_mutex_lock(&t->lock);
	if (t->until_ms > clock_mono_ms())
		TEXT_COPY(k->token, t->value);
	else
		err = f(k);
	pthread_mutex_unlock(&t->lock);
	return err;
}

static void token_drop(struct asking *k)
{
	struct deliver_token *t = &k->w->lane->token;

	pthread_mutex_lock(&t->lock);
	if (text_eq(t->value, k->token))
		t->until_ms = 0;
	pthread_mutex_unlock(&t->lock);
}

/* Token, message; once more with a new token when the old one is none. 0: k->said says how. */
static int with_token(struct asking *k, fetch *f, int (*send)(struct asking *k))
{
	int err = token_get(k, f);

	if (!err)
		err = send(k);
	if (err != ESTALE)
		return err;
	token_drop(k);
	err = token_get(k, f);
	return err ? err : send(k);
}

static int begin(struct asking *k, struct deliver_work *w, const struct platform *p,
		 const struct deliver_app *app, const char *base)
{
	memset(k, 0, sizeof(*k));
	k->w = w;
	k->p = p;
	k->app = app;
	TEXT_COPY(k->base, app->url[0] ? app->url : base);
	if (!app->id[0]) {
		deliver_said(w, DELIVER_UNSET, NULL);
		return EINVAL;
	}
	k->a = malloc(sizeof(*k->a));
	return k->a ? 0 : ENOMEM;
}

static void finish(struct asking *k)
{
	json_decref(k->said);
	free(k->a);
	sodium_memzero(k, sizeof(*k));
}

static int post(struct asking *k, const char *url, json_t *body, const char *authorization)
{
	char *text = json_dumps(body, JSON_COMPACT);
	const struct deliver_request q = {.url = url, .body = text, .header = {authorization}};
	int err = text ? ask(k, &q) : EIO;

	json_decref(body);
	free(text);
	return err;
}

/* --- WeCom --- */

static int wecom_token(struct asking *k)
{
	char id[3 * DELIVER_ID], secret[3 * DELIVER_SECRET], url[1024];
	const struct deliver_request q = {.url = url};

	deliver_escape(id, sizeof(id), k->app->id);
	deliver_escape(secret, sizeof(secret), k->app->secret);
	snprintf(url, sizeof(url), "%s/cgi-bin/gettoken?corpid=%s&corpsecret=%s", k->base, id,
		 secret);
	return token_fetch(k, &q);
}

static void url_token(char *out, size_t cap, const struct asking *k, const char *path)
{
	char token[3 * DELIVER_TOKEN];

	deliver_escape(token, sizeof(token), k->token);
	snprintf(out, cap, "%s%s?access_token=%s", k->base, path, token);
}

/* The platform itself drops a repeat of the same words within the interval. */
static int wecom_send(struct asking *k)
{
	const struct deliver_item *it = k->w->item;
	char url[4096];
	json_t *body = json_pack("{s:s,s:I,s:i,s:i}", "touser", it->address, "agentid",
				 (json_int_t)strtoll(k->app->agent, NULL, 10),
				 "enable_duplicate_check", 1, "duplicate_check_interval", 14400);

	json_object_set_new(body, "msgtype", json_string(it->link[0] ? "textcard" : "text"));
	if (it->link[0])
		json_object_set_new(body, "textcard",
				    json_pack("{s:s,s:s,s:s,s:s}", "title", it->sender,
					      "description", it->notice, "url", it->link, "btntxt",
					      it->link_text));
	else
		json_object_set_new(body, "text", json_pack("{s:s}", "content", it->notice));
	url_token(url, sizeof(url), k, "/cgi-bin/message/send");
	return post(k, url, body, NULL);
}

void deliver_wecom_run(struct deliver_work *w)
{
	struct asking k;
	const char *nobody;

	if (begin(&k, w, &wecom, &w->config.wecom, "https://qyapi.weixin.qq.com"))
		return;
	if (with_token(&k, wecom_token, wecom_send) == 0) {
		nobody = json_string_value(json_object_get(k.said, "invaliduser"));
		if (!nobody || !nobody[0])
			nobody = json_string_value(json_object_get(k.said, "unlicenseduser"));
		if (nobody && nobody[0])
			deliver_said(w, DELIVER_BAD_ADDRESS, nobody);
		else
			deliver_said(w, DELIVER_OK,
				     json_string_value(json_object_get(k.said, "msgid")));
	}
	finish(&k);
}

/* --- DingTalk --- */

static int dingtalk_token(struct asking *k)
{
	char id[3 * DELIVER_ID], secret[3 * DELIVER_SECRET], url[1024];
	const struct deliver_request q = {.url = url};

	deliver_escape(id, sizeof(id), k->app->id);
	deliver_escape(secret, sizeof(secret), k->app->secret);
	snprintf(url, sizeof(url), "%s/gettoken?appkey=%s&appsecret=%s", k->base, id, secret);
	return token_fetch(k, &q);
}

static int dingtalk_send(struct asking *k)
{
	const struct deliver_item *it = k->w->item;
	char url[4096];
	json_t *msg;

	if (it->link[0])
		msg = json_pack("{s:s,s:{s:s,s:s,s:s,s:s}}", "msgtype", "action_card",
				"action_card", "title", it->sender, "markdown", it->notice,
				"single_title", it->link_text, "single_url", it->link);
	else
		msg = json_pack("{s:s,s:{s:s}}", "msgtype", "text", "text", "content", it->notice);
	url_token(url, sizeof(url), k, "/topapi/message/corpconversation/asyncsend_v2");
	return post(k, url,
		    json_pack("{s:I,s:s,s:o}", "agent_id",
			      (json_int_t)strtoll(k->app->agent, NULL, 10), "userid_list",
			      it->address, "msg", msg),
		    NULL);
}

static bool listed(const json_t *result, const char *list)
{
	return json_array_size(json_object_get(result, list)) > 0;
}

/* It only took the task: what became of it is asked once. Nothing known yet counts as taken. */
static void dingtalk_result(struct asking *k)
{
	json_int_t task = json_integer_value(json_object_get(k->said, "task_id"));
	char url[4096], detail[32];
	const json_t *r;

	snprintf(detail, sizeof(detail), "task %" JSON_INTEGER_FORMAT, task);
	url_token(url, sizeof(url), k, "/topapi/message/corpconversation/getsendresult");
	if (post(k, url,
		 json_pack("{s:I,s:I}", "agent_id", (json_int_t)strtoll(k->app->agent, NULL, 10),
			   "task_id", task),
		 NULL)) {
		deliver_said(k->w, DELIVER_OK, detail);
		return;
	}
	r = json_object_get(k->said, "send_result");
	if (listed(r, "invalid_user_id_list"))
		deliver_said(k->w, DELIVER_BAD_ADDRESS, detail);
	else if (listed(r, "failed_user_id_list") || listed(r, "forbidden_list") ||
		 listed(r, "forbidden_user_id_list"))
		deliver_said(k->w, DELIVER_REFUSED, detail);
	else
		deliver_said(k->w, DELIVER_OK, detail);
}

void deliver_dingtalk_run(struct deliver_work *w)
{
	struct asking k;

	if (begin(&k, w, &dingtalk, &w->config.dingtalk, "https://oapi.dingtalk.com"))
		return;
	if (with_token(&k, dingtalk_token, dingtalk_send) == 0)
		dingtalk_result(&k);
	finish(&k);
}

/* --- Feishu --- */

static int feishu_token(struct asking *k)
{
	json_t *body = json_pack("{s:s,s:s}", "app_id", k->app->id, "app_secret", k->app->secret);
	char *text = json_dumps(body, JSON_COMPACT), url[512];
	const struct deliver_request q = {.url = url, .body = text};
	int err;

	snprintf(url, sizeof(url), "%s/open-apis/auth/v3/tenant_access_token/internal", k->base);
	err = text ? token_fetch(k, &q) : EIO;
	json_decref(body);
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
	return err;
}

/* uuid: within an hour a repeat isn't sent again. */
static int feishu_send(struct asking *k)
{
	const struct deliver_item *it = k->w->item;
	char url[512], authorization[DELIVER_TOKEN + 32],
	    words[sizeof(it->notice) + sizeof(it->link) + 2];
	json_t *content, *body;
	char *text;

	snprintf(words, sizeof(words), "%s%s%s", it->notice, it->link[0] ? "\n" : "", it->link);
	content = json_pack("{s:s}", "text", words);
	text = json_dumps(content, JSON_COMPACT);
	body = json_pack("{s:s,s:s,s:s,s:s}", "receive_id", it->address, "msg_type", "text",
			 "content", text ? text : "", "uuid", it->key);
	json_decref(content);
	free(text);
	snprintf(url, sizeof(url), "%s/open-apis/im/v1/messages?receive_id_type=user_id", k->base);
	snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", k->token);
	return post(k, url, body, authorization);
}

void deliver_feishu_run(struct deliver_work *w)
{
	struct asking k;

	if (begin(&k, w, &feishu, &w->config.feishu, "https://open.feishu.cn"))
		return;
	if (with_token(&k, feishu_token, feishu_send) == 0)
		deliver_said(w, DELIVER_OK,
			     json_string_value(
				 json_object_get(json_object_get(k.said, "data"), "message_id")));
	finish(&k);
}
