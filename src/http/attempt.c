#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "http/room.h"

#define WINDOW_MS (5 * 60 * 1000)
#define PROBES	  8

/* How many tries a window. A user's name alone gets many more than with its address, so that a
 * stranger can't easily lock somebody out. */
#define TRIES_PAIR    6
#define TRIES_ADDRESS 30
#define TRIES_USER    60

static uint64_t make_key(const char *kind, const char *a, const char *b)
{
	char text[HTTP_USER_NAME + HTTP_ADDRESS + 8] = "";

	text_append(text, sizeof(text), "%s|%s|%s", kind, a, b);
	return hash_bytes(text, strlen(text)) | 1;
}

/* Counts one and returns how long to wait, 0 not at all. The oldest of the probed slots gives way:
 * a flood of invented names forgets some counts, but not those by address, which keep moving. */
static int64_t count_one(struct http_attempts *a, uint64_t key, unsigned most, int64_t now_ms)
{
	unsigned oldest = (unsigned)(key >> 32) % HTTP_ATTEMPT_SLOTS, i;

	for (unsigned p = 0; p < PROBES; p++) {
		i = ((unsigned)(key >> 32) + p) % HTTP_ATTEMPT_SLOTS;
		if (a->slot[i].key == key)
			break;
		if (a->slot[i].since_ms < a->slot[oldest].since_ms)
			oldest = i;
		if (p == PROBES - 1)
			i = oldest;
	}
	if (a->slot[i].key != key || now_ms - a->slot[i].since_ms >= WINDOW_MS) {
		a->slot[i].key = key;
		a->slot[i].since_ms = now_ms;
		a->slot[i].count = 0;
	}
	if (a->slot[i].count >= most)
		return a->slot[i].since_ms + WINDOW_MS - now_ms;
	a->slot[i].count++;
	return 0;
}

int http_attempts_count(struct http_attempts *a, const char *user, const char *address,
			int64_t mono_ms, unsigned *wait_s)
{
	int64_t wait, w;

	pthread_mutex_lock(&a->lock);
	wait = count_one(a, make_key("address", "", address), TRIES_ADDRESS, mono_ms);
	w = wait ? 0 : count_one(a, make_key("pair", user, address), TRIES_PAIR, mono_ms);
	wait = w > wait ? w : wait;
	w = wait ? 0 : count_one(a, make_key("user", user, ""), TRIES_USER, mono_ms);
	wait = w > wait ? w : wait;
	pthread_mutex_unlock(&a->lock);
	if (!wait)
		return 0;
	*wait_s = (unsigned)(wait / 1000 + 1);
	return EAGAIN;
}

static void give_back(struct http_attempts *a, uint64_t key, bool all)
{
	for (unsigned p = 0; p < PROBES; p++) {
		unsigned i = ((unsigned)(key >> 32) + p) % HTTP_ATTEMPT_SLOTS;

		if (a->slot[i].key == key && a->slot[i].count > 0)
			a->slot[i].count = all ? 0 : a->slot[i].count - 1;
	}
}

/* A whole office may sign in from one address: a success takes back only its own count there. */
void http_attempts_forgive(struct http_attempts *a, const char *user, const char *address)
{
	pthread_mutex_lock(&a->lock);
	give_back(a, make_key("pair", user, address), true);
	give_back(a, make_key("address", "", address), false);
	give_back(a, make_key("user", user, ""), false);
	pthread_mutex_unlock(&a->lock);
}
