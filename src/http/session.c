/*
 * Sessions: a random token in a cookie, its hash here. The file holds hashes too, so that who reads
 * it can't sign in with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/text.h"
#include "http/room.h"

#define DEFAULT_IDLE_MS (12 * INT64_C(3600000))
#define DEFAULT_MAX_MS	(7 * 24 * INT64_C(3600000))

static uint64_t key_of(const uint8_t hash[HTTP_TOKEN_BYTES])
{
	uint64_t key;

	memcpy(&key, hash, sizeof(key));
	return key;
}

static void hash_token(const uint8_t token[HTTP_TOKEN_BYTES], uint8_t hash[HTTP_TOKEN_BYTES])
{
	crypto_generichash(hash, HTTP_TOKEN_BYTES, token, HTTP_TOKEN_BYTES, NULL, 0);
}

static void free_slot(struct http_sessions *t, unsigned i)
{
	memset(&t->s[i], 0, sizeof(t->s[i]));
	t->key[i] = 0;
	t->count--;
}

static bool is_over(const struct http_sessions *t, const struct http_session *s, int64_t now_ms)
{
	return now_ms - s->seen_ms > t->idle_ms || now_ms - s->opened_ms > t->max_ms;
}

static int find_slot(const struct http_sessions *t, const uint8_t hash[HTTP_TOKEN_BYTES])
{
	uint64_t key = key_of(hash);

	for (int i = 0; i < HTTP_SESSIONS; i++)
		if (t->key[i] == key && t->s[i].who.user &&
		    sodium_memcmp(t->s[i].hash, hash, HTTP_TOKEN_BYTES) == 0)
			return i;
	return -1;
}

static bool cookie_hash(const char *cookie, uint8_t hash[HTTP_TOKEN_BYTES])
{
	uint8_t token[HTTP_TOKEN_BYTES];
	size_t len = 0;

	if (sodium_base642bin(token, sizeof(token), cookie, strlen(cookie), NULL, &len, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    len != sizeof(token))
		return false;
	hash_token(token, hash);
	return true;
}

bool http_sessions_find(struct http_sessions *t, const char *cookie, struct http_identity *out)
{
	uint8_t hash[HTTP_TOKEN_BYTES];
	int64_t now_ms = clock_wall_ms();
	bool found = false;
	int i;

	if (!cookie_hash(cookie, hash))
		return false;
	pthread_mutex_lock(&t->lock);
	i = find_slot(t, hash);
	if (i >= 0 && is_over(t, &t->s[i], now_ms)) {
		free_slot(t, (unsigned)i);
	} else if (i >= 0) {
		t->s[i].seen_ms = now_ms;
		*out = t->s[i].who;
		out->opened_ms = t->s[i].opened_ms;
		found = true;
	}
	pthread_mutex_unlock(&t->lock);
	return found;
}

/* A free slot: one that is over, the user's oldest beyond the limit, else the longest unseen. */
static unsigned take_slot(struct http_sessions *t, uint32_t user, int64_t now_ms)
{
	unsigned of_user = 0, oldest_of_user = 0, oldest = 0, slot = HTTP_SESSIONS;

	for (unsigned i = 0; i < HTTP_SESSIONS; i++) {
		if (t->s[i].who.user && is_over(t, &t->s[i], now_ms))
			free_slot(t, i);
		if (!t->s[i].who.user) {
			slot = i;
			continue;
		}
		if (t->s[i].seen_ms < t->s[oldest].seen_ms || !t->s[oldest].who.user)
			oldest = i;
		if (t->s[i].who.user != user)
			continue;
		if (!of_user++ || t->s[i].seen_ms < t->s[oldest_of_user].seen_ms)
			oldest_of_user = i;
	}
	if (of_user >= HTTP_SESSIONS_USER)
		slot = oldest_of_user;
	else if (slot == HTTP_SESSIONS)
		slot = oldest;
	if (t->s[slot].who.user)
		free_slot(t, slot);
	return slot;
}

int http_sessions_open(struct http_sessions *t, const struct http_identity *who,
		       char cookie[HTTP_COOKIE_BYTES + 1])
{
	uint8_t token[HTTP_TOKEN_BYTES];
	int64_t now_ms = clock_wall_ms();
	unsigned i;

	if (!who->user)
		return EINVAL;
	randombytes_buf(token, sizeof(token));
	sodium_bin2base64(cookie, HTTP_COOKIE_BYTES + 1, token, sizeof(token),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	pthread_mutex_lock(&t->lock);
	i = take_slot(t, who->user, now_ms);
	hash_token(token, t->s[i].hash);
	t->key[i] = key_of(t->s[i].hash);
	t->s[i].who = *who;
	t->s[i].opened_ms = t->s[i].seen_ms = now_ms;
	t->count++;
	pthread_mutex_unlock(&t->lock);
	http_sessions_save(t);
	return 0;
}

void http_sessions_close(struct http_sessions *t, const char *cookie)
{
	uint8_t hash[HTTP_TOKEN_BYTES];
	int i;

	if (!cookie_hash(cookie, hash))
		return;
	pthread_mutex_lock(&t->lock);
	i = find_slot(t, hash);
	if (i >= 0)
		free_slot(t, (unsigned)i);
	pthread_mutex_unlock(&t->lock);
	http_sessions_save(t);
}

void http_sessions_close_user(struct http_sessions *t, uint32_t user)
{
	pthread_mutex_lock(&t->lock);
	for (unsigned i = 0; i < HTTP_SESSIONS; i++)
		if (t->s[i].who.user && (!user || t->s[i].who.user == user))
			free_slot(t, i);
	pthread_mutex_unlock(&t->lock);
	http_sessions_save(t);
}

void http_sessions_sift(struct http_sessions *t, http_keep *keep, void *arg)
{
	bool changed = false;

	pthread_mutex_lock(&t->lock);
	for (unsigned i = 0; i < HTTP_SESSIONS; i++)
		if (t->s[i].who.user && !keep(&t->s[i].who, arg)) {
			free_slot(t, i);
			changed = true;
		}
	pthread_mutex_unlock(&t->lock);
	if (changed)
		http_sessions_save(t);
}

static json_t *to_json(struct http_sessions *t)
{
	json_t *list = json_array();

	pthread_mutex_lock(&t->lock);
	for (unsigned i = 0; i < HTTP_SESSIONS; i++) {
		const struct http_session *s = &t->s[i];
		char hex[2 * HTTP_TOKEN_BYTES + 1];

		if (!s->who.user)
			continue;
		sodium_bin2hex(hex, sizeof(hex), s->hash, sizeof(s->hash));
		json_array_append_new(
		    list, json_pack("{s:s,s:I,s:I,s:I,s:I,s:s,s:I,s:I}", "hash", hex, "user",
				    (json_int_t)s->who.user, "org", (json_int_t)s->who.org,
				    "person", (json_int_t)s->who.person, "roles",
				    (json_int_t)s->who.roles, "name", s->who.name, "opened",
				    (json_int_t)s->opened_ms, "seen", (json_int_t)s->seen_ms));
	}
	pthread_mutex_unlock(&t->lock);
	return list;
}

void http_sessions_save(struct http_sessions *t)
{
	char name[4096 + 8];
	json_t *list;
	int fd, err = 0;

	if (!t->file || snprintf(name, sizeof(name), "%s.new", t->file) >= (int)sizeof(name))
		return;
	pthread_mutex_lock(&t->saving);
	list = to_json(t);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		err = errno;
	} else {
		if (json_dumpfd(list, fd, JSON_COMPACT) != 0 || fsync(fd) != 0)
			err = errno ? errno : EIO;
		close(fd);
		if (!err && rename(name, t->file) != 0)
			err = errno;
	}
	json_decref(list);
	pthread_mutex_unlock(&t->saving);
	if (err)
		log_warn("http", "sessions aren't kept: %s: %s", t->file, strerror(err));
}

static void load_one(struct http_sessions *t, json_t *j)
{
	const char *hex = json_string_value(json_object_get(j, "hash"));
	struct http_session s = {0};
	size_t len = 0;

	s.who.user = (uint32_t)json_integer_value(json_object_get(j, "user"));
	s.who.org = (uint32_t)json_integer_value(json_object_get(j, "org"));
	s.who.person = (uint32_t)json_integer_value(json_object_get(j, "person"));
	s.who.roles = (uint32_t)json_integer_value(json_object_get(j, "roles"));
	TEXT_COPY(s.who.name, json_string_value(json_object_get(j, "name")));
	s.opened_ms = json_integer_value(json_object_get(j, "opened"));
	s.seen_ms = json_integer_value(json_object_get(j, "seen"));
	if (!hex || !s.who.user || t->count == HTTP_SESSIONS ||
	    sodium_hex2bin(s.hash, sizeof(s.hash), hex, strlen(hex), NULL, &len, NULL) != 0 ||
	    len != sizeof(s.hash) || is_over(t, &s, clock_wall_ms()))
		return;
	t->key[t->count] = key_of(s.hash);
	t->s[t->count++] = s;
}

static void load(struct http_sessions *t)
{
	json_error_t error;
	json_t *list = json_load_file(t->file, JSON_REJECT_DUPLICATES, &error), *j;
	size_t i;

	if (!list) {
		if (access(t->file, F_OK) == 0)
			log_warn("http", "sessions file %s isn't readable: line %d: %s", t->file,
				 error.line, error.text);
		return;
	}
	json_array_foreach(list, i, j) load_one(t, j);
	json_decref(list);
}

int http_sessions_init(struct http_sessions *t, const char *file, int64_t idle_ms, int64_t max_ms)
{
	if (sodium_init() < 0)
		return EIO;
	pthread_mutex_init(&t->lock, NULL);
	pthread_mutex_init(&t->saving, NULL);
	t->idle_ms = idle_ms ? idle_ms : DEFAULT_IDLE_MS;
	t->max_ms = max_ms ? max_ms : DEFAULT_MAX_MS;
	if (!file)
		return 0;
	t->file = strdup(file);
	if (!t->file)
		return ENOMEM;
	load(t);
	return 0;
}

void http_sessions_clear(struct http_sessions *t)
{
	http_sessions_save(t);
	free(t->file);
	t->file = NULL;
	pthread_mutex_destroy(&t->lock);
	pthread_mutex_destroy(&t->saving);
}
