/*
 * An employee without an account signs in: asks for a link by mail, and presses the button on the
 * page behind it. Mail scanners follow links: reading that page changes nothing.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "app/api/body.h"
#include "base/text.h"

struct asked {
	char mail[API_MAIL];
};
static const struct api_field ask_fields[] = {
    {"mail", FIELD_TEXT, true, API_FIELD(asked, mail), NULL},
};

/* An address that the directory could hold: whatever else it is, somebody has mistyped it. */
static bool is_mail(const char *mail)
{
	const char *at = strchr(mail, '@');

	return at && at != mail && at[1] && !strpbrk(mail, " <>\",;");
}

void api_link_ask(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct asked in = {""};
	char key[HTTP_USER_NAME] = "link ";
	unsigned wait_s;
	int err;

	if (!api_body_take(c, ask_fields, 1, &in))
		return;
	for (char *p = in.mail; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (!is_mail(in.mail)) {
		http_call_refuse_field(c, 400, "bad_value", "mail");
		return;
	}
	(void)text_append(key, sizeof(key), "%s", in.mail); /* cut: the same for all its kind */
	if (http_call_attempt(c, key, &wait_s)) {
		http_call_refuse(c, 429, "too_many_attempts", NULL);
		return;
	}
	err = API_MY(a, link_ask, in.mail, http_call_language(c));
	if (err == ENOTSUP)
		http_call_refuse(c, 409, "no_mail", NULL);
	else if (err)
		http_call_refuse(c, 503, "unavailable", NULL);
	else
		http_call_give(c, 202, NULL);
}

static const char *take_secret(struct http_call *c, struct api_query *q)
{
	const char *secret = http_call_param(c, "token");

	api_query_begin(c, q);
	if (secret && strlen(secret) < API_SECRET)
		return secret;
	http_call_refuse(c, 404, "not_found", NULL);
	return NULL;
}

static void page(struct http_call *c, int err, char *html)
{
	if (!html) {
		http_call_refuse(c, 503, "unavailable", NULL);
		return;
	}
	http_call_answer_header(c, "Content-Security-Policy",
				"default-src 'none'; style-src 'unsafe-inline'; "
				"form-action 'self'; frame-ancestors 'none'");
	http_call_give_text(c, err == ENOENT ? 404 : 200, "text/html; charset=utf-8", html);
	free(html);
}

void api_enter_show(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	struct http_identity who;
	const char *secret = take_secret(c, &q);
	char *html = NULL;
	int err;

	if (!secret)
		return;
	err = API_MY(a, link_page, &q, secret, false, &who, &html);
	page(c, err, html);
}

void api_enter(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_query q;
	struct http_identity who = {0};
	const char *secret = take_secret(c, &q);
	char *html = NULL, key[HTTP_USER_NAME] = "enter ";
	unsigned wait_s;
	int err;

	if (!secret)
		return;
	/* by the link, so that tries at others' hold up nobody; an address has its own limit */
	(void)text_append(key, sizeof(key), "%s", secret);
	if (http_call_attempt(c, key, &wait_s)) {
		http_call_refuse(c, 429, "too_many_attempts", NULL);
		return;
	}
	err = API_MY(a, link_page, &q, secret, true, &who, &html);
	if (err) {
		page(c, err, html);
		return;
	}
	free(html);
	if (http_call_session_open(c, &who)) {
		http_call_refuse(c, 503, "unavailable", NULL);
		return;
	}
	http_call_attempt_ok(c, key);
	if (a->source.user_seen)
		a->source.user_seen(a->source.arg, who.name, "signed_in by link",
				    http_call_address(c));
	http_call_answer_header(c, "Location", "/my");
	http_call_give(c, 303, NULL);
}

static const struct api_field try_fields[] = {
    {"extension", FIELD_PHONE, true, API_FIELD(api_pin_try, extension), NULL},
    {"pin", FIELD_PHONE, true, API_FIELD(api_pin_try, pin), NULL},
    {"organisation", FIELD_ID, false, API_FIELD(api_pin_try, org), NULL},
};

static void told(struct http_call *c, struct api *a, const char *name, const char *what)
{
	if (a->source.user_seen)
		a->source.user_seen(a->source.arg, name, what, http_call_address(c));
}

void api_pin_enter(struct http_call *c, void *arg)
{
	struct api *a = arg;
	struct api_pin_try t = {.org = 0};
	struct http_identity who = {0};
	json_t *out = NULL;
	char key[HTTP_USER_NAME] = "pin ";
	unsigned wait_s;
	int err;

	if (!api_body_take(c, try_fields, sizeof(try_fields) / sizeof(try_fields[0]), &t))
		return;
	(void)text_append(key, sizeof(key), "%s", t.extension);
	if (http_call_attempt(c, key, &wait_s)) {
		told(c, a, key, "too_many");
		http_call_refuse(c, 429, "too_many_attempts", NULL);
		return;
	}
	err = API_MY(a, pin_enter, &t, &who, &out);
	if (!err && http_call_session_open(c, &who))
		err = EAGAIN;
	explicit_bzero(t.pin, sizeof(t.pin));
	if (!err) {
		http_call_attempt_ok(c, key);
		told(c, a, who.name, "signed_in by PIN");
		http_call_give(c, 204, NULL);
	} else if (err == EEXIST) {
		http_call_attempt_ok(c, key); /* nothing was tried */
		http_call_refuse_with(c, 409, "which_organisation", out);
	} else if (err == EACCES || err == EPERM) {
		told(c, a, key, err == EACCES ? "refused" : "locked");
		http_call_refuse(c, 401, err == EACCES ? "wrong_pin" : "pin_locked", NULL);
	} else {
		http_call_refuse(c, 503, "unavailable", NULL);
	}
}
