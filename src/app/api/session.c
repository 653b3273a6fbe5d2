#include <errno.h>
#include <string.h>

#include "app/api/internal.h"
#include "base/text.h"

#define PASSWORD_BYTES 256 /* of one that is tried */

static void seen(struct api *a, struct http_call *c, const char *name, const char *what)
{
	if (a->source.user_seen)
		a->source.user_seen(a->source.arg, name, what, http_call_address(c));
}

static void give_me(struct http_call *c, struct api *a)
{
	struct api_query q;
	json_t *out = NULL, *roles = json_array();
	int err;

	api_query_begin(c, &q);
	err = a->source.me ? a->source.me(a->source.arg, &q, &out) : 0;
	if (err || !out) /* names are a courtesy: who signed in is known without them */
		out = json_object();
	for (size_t i = 0; i < API_ROLES; i++)
		if (q.who.roles & api_role_names[i].role)
			json_array_append_new(roles, json_string(api_role_names[i].name));
	json_object_set_new(out, "user", json_integer(q.who.user));
	json_object_set_new(out, "org", json_integer(q.who.org));
	json_object_set_new(out, "person", json_integer(q.who.person));
	json_object_set_new(out, "name", json_string(q.who.name));
	json_object_set_new(out, "roles", roles);
	http_call_give(c, 200, out);
}

void api_session_open(struct http_call *c, void *arg)
{
	struct api *a = arg;
	const json_t *body = http_call_body(c);
	const char *name = json_string_value(json_object_get(body, "name"));
	const char *password = json_string_value(json_object_get(body, "password"));
	struct http_identity who = {0};
	unsigned wait_s;
	int err;

	if (!name || !*name || strlen(name) >= HTTP_USER_NAME) {
		http_call_refuse_field(c, 400, "bad_value", "name");
		return;
	}
	if (!password || !*password || strlen(password) > PASSWORD_BYTES) {
		http_call_refuse_field(c, 400, "bad_value", "password");
		return;
	}
	if (http_call_attempt(c, name, &wait_s)) {
		seen(a, c, name, "too_many");
		http_call_refuse(c, 429, "too_many_attempts", NULL);
		return;
	}
	err = a->source.sign_in(a->source.arg, name, password, &who);
	if (!err && http_call_session_open(c, &who))
		err = EAGAIN;
	if (err == EACCES) {
		seen(a, c, name, "refused");
		http_call_refuse(c, 401, "wrong_password", NULL);
		return;
	}
	if (err) {
		http_call_refuse(c, 503, "unavailable", NULL);
		return;
	}
	http_call_attempt_ok(c, name);
	seen(a, c, name, "signed_in");
	give_me(c, a);
}

void api_session_show(struct http_call *c, void *arg)
{
	give_me(c, arg);
}

void api_session_close(struct http_call *c, void *arg)
{
	struct api *a = arg;

	seen(a, c, http_call_who(c)->name, "signed_out");
	if (http_call_session_close(c) && a->source.signed_out)
		a->source.signed_out(a->source.arg, http_call_who(c));
	http_call_give(c, 204, NULL);
}
