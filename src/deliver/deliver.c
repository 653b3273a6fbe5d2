/* Lanes: one a channel, so that one that stalls leaves the others alone. */
#include "deliver/priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define RESULTS (DELIVER_CHANNELS * (DELIVER_QUEUE + DELIVER_THREADS) * 2)

static const struct {
	const char *name;
	deliver_channel_run *run;
} channels[DELIVER_CHANNELS] = {
    [DELIVER_MAIL] = {"mail", deliver_mail_run},
    [DELIVER_WECOM] = {"wecom", deliver_wecom_run},
    [DELIVER_DINGTALK] = {"dingtalk", deliver_dingtalk_run},
    [DELIVER_FEISHU] = {"feishu", deliver_feishu_run},
    [DELIVER_ROBOT] = {"robot", deliver_robot_run},
    [DELIVER_WEBHOOK] = {"webhook", deliver_webhook_run},
};

const char *deliver_channel_name(enum deliver_channel c)
{
	return c < DELIVER_CHANNELS ? channels[c].name : "";
}

bool deliver_channel_parse(const char *name, enum deliver_channel *out)
{
	for (unsigned i = 0; i < DELIVER_CHANNELS; i++)
		if (text_eq(name, channels[i].name)) {
			*out = (enum deliver_channel)i;
			return true;
		}
	return false;
}

const char *deliver_outcome_name(enum deliver_outcome o)
{
	static const char *const names[DELIVER_OUTCOMES] = {
	    [DELIVER_OK] = "ok",
	    [DELIVER_REFUSED] = "refused",
	    [DELIVER_BAD_ADDRESS] = "bad_address",
	    [DELIVER_UNSET] = "unset",
	    [DELIVER_BUSY] = "busy",
	    [DELIVER_UNREACHABLE] = "unreachable",
	    [DELIVER_TIMEOUT] = "timeout",
	    [DELIVER_BROKEN] = "broken",
	    [DELIVER_TLS_FAILED] = "tls",
	    [DELIVER_DENIED] = "denied",
	    [DELIVER_BAD_ANSWER] = "bad_answer",
	};

	return o < DELIVER_OUTCOMES ? names[o] : "";
}

bool deliver_outcome_final(enum deliver_outcome o)
{
	return o == DELIVER_OK || o == DELIVER_REFUSED || o == DELIVER_BAD_ADDRESS ||
	       o == DELIVER_UNSET;
}

static bool take(struct deliver_lane *l, struct deliver_item *out)
{
	bool taken = false;

	pthread_mutex_lock(&l->lock);
	while (!l->count && !atomic_load(&l->of->stop))
		pthread_cond_wait(&l->wake, &l->lock);
	if (l->count && !atomic_load(&l->of->stop)) {
		*out = l->item[l->head];
		l->head = (l->head + 1) % DELIVER_QUEUE;
		l->count--;
		taken = true;
	}
	pthread_mutex_unlock(&l->lock);
	return taken;
}

static void attempt(struct deliver_work *w, const struct deliver_item *item)
{
	struct deliver_result r = {.id = item->id, .began_ms = clock_wall_ms()};
	int64_t since_ms = clock_mono_ms();

	w->item = item;
	w->result = &r;
	pthread_mutex_lock(&w->of->lock);
	w->config = w->of->config;
	pthread_mutex_unlock(&w->of->lock);
	deliver_said(w, DELIVER_BROKEN, NULL);
	channels[item->channel].run(w);
	sodium_memzero(&w->config, sizeof(w->config));
	r.took_ms = clock_mono_ms() - since_ms;
	/* It holds more than can be under way; one that can't be told is tried again later. */
	if (ring_push(w->of->results, &r))
		log_warn(DELIVER_ROOM, "an outcome was dropped: %s",
			 deliver_outcome_name(r.outcome));
}

static void *lane_main(void *arg)
{
	struct deliver_lane *l = arg;
	struct deliver_work *w = calloc(1, sizeof(*w));
	struct deliver_item *item = malloc(sizeof(*item));

	if (w)
		w->curl = curl_easy_init();
	if (!w || !item || !w->curl)
		log_error(DELIVER_ROOM, "no memory for a thread");
	else {
		w->of = l->of;
		w->lane = l;
		while (take(l, item))
			attempt(w, item);
	}
	if (w)
		curl_easy_cleanup(w->curl);
	free(w);
	free(item);
	return NULL;
}

int deliver_open(struct deliver **dp, const struct deliver_config *c)
{
	struct deliver *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return ENOMEM;
	d->config = *c;
	pthread_mutex_init(&d->lock, NULL);
	for (unsigned i = 0; i < DELIVER_CHANNELS; i++) {
		d->lane[i].of = d;
		pthread_mutex_init(&d->lane[i].lock, NULL);
		pthread_cond_init(&d->lane[i].wake, NULL);
		pthread_mutex_init(&d->lane[i].token.lock, NULL);
	}
	d->curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	err = d->curl && sodium_init() >= 0 ? 0 : EIO;
	if (!err)
		err = ring_alloc(&d->results, sizeof(struct deliver_result), RESULTS);
	for (unsigned i = 0; !err && i < DELIVER_CHANNELS * DELIVER_THREADS; i++) {
		err = pthread_create(&d->thread[i], NULL, lane_main, &d->lane[i / DELIVER_THREADS]);
		d->threads += !err;
	}
	if (err)
		deliver_close(d);
	else
		*dp = d;
	return err;
}

void deliver_close(struct deliver *d)
{
	if (!d)
		return;
	atomic_store(&d->stop, true);
	for (unsigned i = 0; i < DELIVER_CHANNELS; i++) {
		pthread_mutex_lock(&d->lane[i].lock);
		pthread_cond_broadcast(&d->lane[i].wake);
		pthread_mutex_unlock(&d->lane[i].lock);
	}
	for (unsigned i = 0; i < d->threads; i++)
		pthread_join(d->thread[i], NULL);
	for (unsigned i = 0; i < DELIVER_CHANNELS; i++) {
		pthread_mutex_destroy(&d->lane[i].lock);
		pthread_cond_destroy(&d->lane[i].wake);
		pthread_mutex_destroy(&d->lane[i].token.lock);
	}
	if (d->curl)
		curl_global_cleanup();
	ring_free(d->results);
	pthread_mutex_destroy(&d->lock);
	sodium_memzero(d, sizeof(*d));
	free(d);
}

void deliver_configure(struct deliver *d, const struct deliver_config *c)
{
	pthread_mutex_lock(&d->lock);
	d->config = *c;
	pthread_mutex_unlock(&d->lock);
	for (unsigned i = 0; i < DELIVER_CHANNELS; i++) {
		pthread_mutex_lock(&d->lane[i].token.lock);
		d->lane[i].token.until_ms = 0;
		pthread_mutex_unlock(&d->lane[i].token.lock);
	}
}

int deliver_send(struct deliver *d, const struct deliver_item *item)
{
	struct deliver_lane *l = &d->lane[item->channel];
	int err = 0;

	pthread_mutex_lock(&l->lock);
	if (l->count == DELIVER_QUEUE)
		err = ENOBUFS;
	else
		l->item[(l->head + l->count++) % DELIVER_QUEUE] = *item;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
	return err;
}

int deliver_result_fd(const struct deliver *d)
{
	return ring_fd(d->results);
}

void deliver_result_quiet(struct deliver *d)
{
	ring_quiet(d->results);
}

bool deliver_result_take(struct deliver *d, struct deliver_result *out)
{
	return ring_take(d->results, out);
}
