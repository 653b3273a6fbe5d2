/*
 * The sample's telephones in browsers: no session, a token in the path stands for the phone. Where
 * there is no sample company all of it is a 404.
 */
#include <errno.h>
#include <string.h>

#include "app/api/internal.h"
#include "base/text.h"

/* The member is absent, or a text that fits. */
static bool take(struct http_call *c, const char *name, char *dst, size_t cap)
{
	const json_t *j = json_object_get(http_call_body(c), name);

	if (!j || json_is_null(j) ||
	    (json_is_string(j) && json_string_length(j) == strlen(json_string_value(j)) &&
	     text_copy(dst, cap, json_string_value(j)) == 0))
		return true;
	http_call_refuse_field(c, 400, "bad_value", name);
	return false;
}

static void ask(struct http_call *c, void *arg, struct api_sound *s, unsigned status)
{
	json_t *out;
	int err = api_sound_ask(c, arg, s, &out);
	const char *field = json_string_value(json_object_get(out, "field"));

	if (!err) {
		http_call_give(c, status, out);
		return;
	}
	if (err == EINVAL)
		http_call_refuse_field(c, 400, "bad_value", field ? field : "act");
	else if (err == EBUSY)
		http_call_refuse(c, 409, "sample.in_use", NULL);
	else
		api_sound_refuse(c, err, out);
	json_decref(out);
}

void api_sample_open(struct http_call *c, void *arg)
{
	struct api_sound s = {.what = API_PHONE_OPEN};

	if (take(c, "as", s.as, sizeof(s.as)) && take(c, "number", s.number, sizeof(s.number)))
		ask(c, arg, &s, 201);
}

void api_sample_show(struct http_call *c, void *arg)
{
	struct api_sound s = {.what = API_PHONE_SHOW};

	if (api_sound_id(c, "token", &s))
		ask(c, arg, &s, 200);
}

void api_sample_act(struct http_call *c, void *arg)
{
	struct api_sound s = {.what = API_PHONE_ACT};
	char digit[2] = "";

	if (!api_sound_id(c, "token", &s) || !take(c, "act", s.act, sizeof(s.act)) ||
	    !take(c, "number", s.number, sizeof(s.number)) ||
	    !take(c, "digit", digit, sizeof(digit)) ||
	    !take(c, "behaviour", s.behaviour, sizeof(s.behaviour)))
		return;
	s.digit = digit[0];
	ask(c, arg, &s, 200);
}

void api_sample_sound(struct http_call *c, void *arg)
{
	struct api_sound s = {.what = API_PHONE_SOUND};
	json_t *out;
	int err;

	if (!api_sound_id(c, "token", &s))
		return;
	err = api_sound_ask(c, arg, &s, &out);
	if (err == EBUSY)
		http_call_refuse(c, 409, "sample.in_use", NULL);
	else if (err)
		api_sound_refuse(c, err, out);
	else
		http_call_give_text(c, 201, "application/sdp",
				    json_string_value(json_object_get(out, "sdp")));
	json_decref(out);
}

void api_sample_close(struct http_call *c, void *arg)
{
	struct api_sound s = {.what = API_PHONE_CLOSE};
	json_t *out;
	int err;

	if (!api_sound_id(c, "token", &s))
		return;
	err = api_sound_ask(c, arg, &s, &out);
	if (err)
		api_sound_refuse(c, err, out);
	else
		http_call_give(c, 204, NULL);
	json_decref(out);
}
