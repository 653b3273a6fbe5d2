/*
 * The employee's own page: signing in without an account, and what is one's own: messages, absence,
 * forwards, readings, order of delivery. Everything goes by who.org and who.person, never by an id
 * that the page names. Shapes: api/openapi.yaml.
 */
#ifndef APP_API_MY_H
#define APP_API_MY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/api/keep.h"
#include "base/catalogue.h"
#include "http/http.h"

struct api_query;
struct api_file_out;

#define API_MAIL   128
#define API_WAYS   64 /* an order of delivery: words with spaces between */
#define API_SECRET 64 /* of a link */

struct api_forward {
	uint8_t kind;	 /* always busy no_answer */
	char number[32]; /* as it is dialled inside; "": no longer */
};

struct api_done {
	char note[128];
};

struct api_order {
	char ways[API_WAYS];
};

/* A try to sign in by extension and PIN. */
struct api_pin_try {
	char extension[16], pin[16];
	uint32_t org; /* 0: the only one that has the extension */
};

struct api_pin {
	char old[16]; /* "": signed in by a link, or by a password, just now */
	char pin[16];
};
#define API_PIN_FRESH_MS (15 * 60000)

/* Answers and errors as those of api_keep_source; ENOENT: nobody in the directory. */
struct api_my_source {
	/* The same answer for each address. ENOBUFS: too many wait. ENOTSUP: no mail, or nowhere
	 * for a link to lead to. */
	int (*link_ask)(void *arg, const char *mail, enum lang lang);
	/* The page behind the link, also when it is none (ENOENT). `use`: the link is good no more,
	 * *who is who signs in, and there is no page. The caller frees it. */
	int (*link_page)(void *arg, const struct api_query *q, const char *secret, bool use,
			 struct http_identity *who, char **html);
	/* 0; EACCES: wrong, or nothing to be right; EPERM: locked for a while; EEXIST: several
	 * organisations have the extension, *out names them. */
	int (*pin_enter)(void *arg, const struct api_pin_try *t, struct http_identity *who,
			 json_t **out);
	/* EINVAL: *out says what; EPERM: locked. Other sessions of an employee end. */
	int (*pin_set)(void *arg, const struct api_query *q, const struct api_pin *p, json_t **out);
	int (*show)(void *arg, const struct api_query *q, json_t **out);
	/* q->state: "" all, new read done. What is listed is delivered by the channel "page". */
	int (*messages)(void *arg, const struct api_query *q, json_t **out);
	/* What message q->id says: kept as an opening (A5.8) before it is given. */
	int (*open)(void *arg, const struct api_query *q, json_t **out);
	/* The same of its sound: a path. */
	int (*sound)(void *arg, const struct api_query *q, char *path, size_t cap);
	int (*done)(void *arg, const struct api_query *q, const struct api_done *d, json_t **out);
	int (*forward)(void *arg, const struct api_query *q, const struct api_forward *f,
		       json_t **out);
	int (*readings)(void *arg, const struct api_query *q, const struct api_readings *r,
			json_t **out);
	/* A WAV file of the asker's name read as q->text says; EINVAL: *out. EBUSY. */
	int (*reading_sound)(void *arg, const struct api_query *q, struct api_file_out *file,
			     json_t **out);
	int (*order)(void *arg, const struct api_query *q, const struct api_order *o, json_t **out);
};

http_function api_link_ask, api_enter_show, api_enter, api_pin_enter;
http_function api_mine, api_mine_messages, api_mine_open, api_mine_sound, api_mine_done,
    api_mine_absence, api_mine_back, api_mine_forward, api_mine_reading, api_mine_reading_sound,
    api_mine_order, api_mine_pin;

#endif
