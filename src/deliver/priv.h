/* What the files of the room share. */
#ifndef DELIVER_PRIV_H
#define DELIVER_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include <curl/curl.h>
#include <jansson.h>
#include <sodium.h>

#include "base/log.h"
#include "base/ring.h"
#include "base/text.h"
#include "deliver/deliver.h"

#define DELIVER_ROOM  "deliver"
#define DELIVER_TOKEN 1024

/* An access token that the platform gave for credentials; the threads of a lane share it. */
struct deliver_token {
	pthread_mutex_t lock;
	char value[DELIVER_TOKEN];
	int64_t until_ms; /* monotonic, 0 none */
};

struct deliver_lane {
	struct deliver *of;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct deliver_item item[DELIVER_QUEUE];
	unsigned head, count;
	struct deliver_token token;
};

struct deliver {
	struct deliver_lane lane[DELIVER_CHANNELS];
	pthread_t thread[DELIVER_CHANNELS * DELIVER_THREADS];
	unsigned threads;
	struct ring *results;
	pthread_mutex_t lock; /* config */
	struct deliver_config config;
	atomic_bool stop;
	bool curl;
};

/* One attempt, in a lane's thread. */
struct deliver_work {
	struct deliver *of;
	struct deliver_lane *lane;
	CURL *curl;
	struct deliver_config config; /* a copy for this attempt */
	const struct deliver_item *item;
	struct deliver_result *result;
	char error[CURL_ERROR_SIZE];
};

/* Sets outcome and detail; detail may be NULL, is cut and cleaned of what is no text. */
void deliver_said(struct deliver_work *w, enum deliver_outcome o, const char *detail);

/* ---- http.c ---- */
struct deliver_answer {
	long status;
	bool too_big;
	size_t len;
	char body[DELIVER_ANSWER + 1];
};
struct deliver_request {
	const char *url;
	const char *body; /* JSON, NULL: a GET */
	const char *header[4];
};
/* 0 when there is an answer, whatever its status; else the outcome is set. */
int deliver_http(struct deliver_work *w, const struct deliver_request *q, struct deliver_answer *a);
/* The answer's JSON object, NULL when it is none. */
json_t *deliver_answer_json(const struct deliver_answer *a);
/* Every connection of ours: proxy, times, protocols. */
void deliver_curl_begin(struct deliver_work *w, const char *protocols, uint32_t total_ms);
enum deliver_outcome deliver_curl_outcome(CURLcode rc);

/* ---- the channels ---- */
typedef void deliver_channel_run(struct deliver_work *w);
deliver_channel_run deliver_mail_run, deliver_wecom_run, deliver_dingtalk_run, deliver_feishu_run,
    deliver_robot_run, deliver_webhook_run;

/* ---- mime.c: pure ---- */
/* A text as a header's value: itself when it is plain ASCII, else encoded words (RFC 2047), folded
 * at 75 columns. EOVERFLOW. */
int deliver_mime_words(char *out, size_t cap, const char *text);
/* Content-Disposition of an attachment (RFC 2183, RFC 2231). EOVERFLOW. */
int deliver_mime_disposition(char *out, size_t cap, const char *name);
/* "Mon, 30 Nov 2026 10:42:00 +0800" (RFC 5322, 3.3), whatever the locale. */
void deliver_mime_date(char *out, size_t cap, int64_t at_ms);

/* signatures and queries */
/* base64(HMAC-SHA256(key, text)). */
void deliver_sign(char *out, size_t cap, const void *key, size_t key_len, const char *text);
/* What may not stand in a query as it is, escaped. EOVERFLOW. */
int deliver_escape(char *out, size_t cap, const char *text);

#endif
