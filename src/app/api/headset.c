/*
 * An operator's headset in WHIP's HTTP shape (RFC 9725), but sound both ways: an offer is posted
 * and answered, a PATCH restarts ICE, a DELETE hangs it up.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/api/internal.h"
#include "base/text.h"

#define SDP	 "application/sdp"
#define FRAGMENT "application/trickle-ice-sdpfrag"

void api_sound_refuse(struct http_call *c, int err, const json_t *out)
{
	const char *name = json_string_value(json_object_get(out, "refusal"));
	char code[64];

	if (err == EBADMSG && name) {
		snprintf(code, sizeof(code), "headset.refused.%s", name);
		http_call_refuse(c, strcmp(name, "too_big") == 0 ? 413 : 400, code, NULL);
	} else if (err == EACCES) {
		http_call_refuse(c, 403, "desk.not_appointed", "A5.9");
	} else if (err == ENOENT) {
		http_call_refuse(c, 404, "not_found", NULL);
	} else {
		api_give_result(c, err == ENOBUFS ? EAGAIN : err, NULL);
	}
}

int api_sound_ask(struct http_call *c, struct api *a, struct api_sound *s, json_t **out)
{
	struct api_query q;

	api_query_begin(c, &q);
	s->text = http_call_bytes(c, &s->len);
	*out = NULL;
	return a->source.sound ? a->source.sound(a->source.arg, &q, s, out) : EAGAIN;
}

bool api_sound_id(struct http_call *c, const char *name, struct api_sound *s)
{
	const char *id = http_call_param(c, name);

	if (id && TEXT_COPY(s->id, id) == 0)
		return true;
	http_call_refuse(c, 404, "not_found", NULL);
	return false;
}

void api_headset_open(struct http_call *c, void *arg)
{
	struct api_sound s = {.what = API_HEADSET_OPEN};
	json_t *out;
	char where[96];
	int err = api_sound_ask(c, arg, &s, &out);

	if (err) {
		api_sound_refuse(c, err, out);
	} else {
		snprintf(where, sizeof(where), "/api/v1/headset/%s",
			 json_string_value(json_object_get(out, "id")));
		http_call_answer_header(c, "Location", where);
		http_call_give_text(c, 201, SDP, json_string_value(json_object_get(out, "sdp")));
	}
	json_decref(out);
}

void api_headset_restart(struct http_call *c, void *arg)
{
	struct api_sound s = {.what = API_HEADSET_RESTART};
	const char *sdp;
	json_t *out;
	int err;

	if (!api_sound_id(c, "id", &s))
		return;
	err = api_sound_ask(c, arg, &s, &out);
	sdp = json_string_value(json_object_get(out, "sdp"));
	if (err)
		api_sound_refuse(c, err, out);
	else if (!sdp || !sdp[0])
		http_call_give(c, 204, NULL);
	else
		http_call_give_text(c, 200, FRAGMENT, sdp);
	json_decref(out);
}

void api_headset_close(struct http_call *c, void *arg)
{
	struct api_sound s = {.what = API_HEADSET_CLOSE};
	json_t *out;
	int err;

	if (!api_sound_id(c, "id", &s))
		return;
	err = api_sound_ask(c, arg, &s, &out);
	if (err)
		api_sound_refuse(c, err, out);
	else
		http_call_give(c, 200, NULL);
	json_decref(out);
}
