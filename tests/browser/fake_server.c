/*
 * The API over a picture from a file, for tests of the console without a switchboard. What happens
 * is told to it by POST /api/v1/fake {"name","data"}: it is kept in the picture and published.
 *
 *   fake_server --routes | fake_server PORT PICTURE.json CONSOLE-DIR LANG-DIR
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/api/api.h"
#include "base/text.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static json_t *picture;
static struct http_room *room;

static const struct {
	const char *name, *password, *shown;
	uint32_t roles;
} accounts[] = {
    {"operator", "sesame-operator", "\xe6\x9d\x8e\xe6\x95\x8f", API_OPERATOR},
    {"manager", "sesame-manager", "\xe5\x91\xa8\xe6\x95\x8f\xe4\xb9\x8b", API_MANAGER | API_ADMIN},
    {"staff", "sesame-staff", "\xe5\xbc\xa0\xe4\xb8\x89\xe4\xb8\xb0", API_STAFF},
};

static int sign_in(void *arg, const char *name, const char *password, struct http_identity *out)
{
	for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
		if (strcmp(accounts[i].name, name) || strcmp(accounts[i].password, password))
			continue;
		*out = (struct http_identity){.user = (uint32_t)i + 1,
					      .org = 1,
					      .person = (uint32_t)i + 7,
					      .roles = accounts[i].roles};
		TEXT_COPY(out->name, name);
		return 0;
	}
	return EACCES;
}

static int me(void *arg, const struct api_query *q, json_t **out)
{
	*out =
	    json_pack("{s:s,s:s}", "display_name", accounts[q->who.user - 1].shown, "company", "");
	return 0;
}

static json_t *copy_of(const char *a, const char *b)
{
	json_t *found, *copy;

	pthread_mutex_lock(&lock);
	found = json_object_get(picture, a);
	copy = json_deep_copy(b ? json_object_get(found, b) : found);
	pthread_mutex_unlock(&lock);
	return copy;
}

static int list(json_t *items, json_t **out)
{
	*out = json_pack("{s:o,s:n}", "items", items ? items : json_array(), "next");
	return 0;
}

#define LIST(function, a, b)                                                                       \
	static int function(void *arg, const struct api_query *q, json_t **out)                    \
	{                                                                                          \
		return list(copy_of(a, b), out);                                                   \
	}
#define ONE(function, a)                                                                           \
	static int function(void *arg, const struct api_query *q, json_t **out)                    \
	{                                                                                          \
		*out = copy_of(a, NULL);                                                           \
		return *out ? 0 : ENOENT;                                                          \
	}
LIST(calls, "switchboard", "calls")
LIST(trunks, "switchboard", "trunks")
LIST(legs, "legs", NULL)
LIST(registrations, "registrations", NULL)
LIST(people, "people", NULL)
LIST(departments, "departments", NULL)
LIST(messages, "messages", NULL)
LIST(records, "records", NULL)
ONE(switchboard, "switchboard")
ONE(message_text, "content")
ONE(record, "record")

static int from_list(const char *a, const char *b, const char *key, int64_t id, json_t **out)
{
	json_t *items = copy_of(a, b), *item;
	size_t i;

	json_array_foreach(items, i, item)
	{
		if (json_integer_value(json_object_get(item, key)) != id)
			continue;
		*out = json_incref(item);
		json_decref(items);
		return 0;
	}
	json_decref(items);
	return ENOENT;
}

static int call(void *arg, const struct api_query *q, json_t **out)
{
	return from_list("switchboard", "calls", "no", q->id, out);
}

static int message(void *arg, const struct api_query *q, json_t **out)
{
	return from_list("messages", NULL, "id", q->id, out);
}

static int content_find(void *arg, const struct api_query *q, struct api_content *out)
{
	*out = (struct api_content){.for_person = 9, .roles_with_reason = API_MANAGER};
	return q->id == 1 ? 0 : ENOENT;
}

static int opening_keep(void *arg, const struct api_opening *o)
{
	return 0;
}

static const struct api_source source = {
    .sign_in = sign_in,
    .me = me,
    .switchboard = switchboard,
    .calls = calls,
    .call = call,
    .legs = legs,
    .registrations = registrations,
    .trunks = trunks,
    .people = people,
    .departments = departments,
    .messages = messages,
    .message = message,
    .records = records,
    .record = record,
    .content_find = content_find,
    .message_text = message_text,
    .opening_keep = opening_keep,
};

/* Puts data into the array in place of the item with the same key, or takes that item out. */
static void change(json_t *items, const char *key, json_t *data, bool remove)
{
	json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
	{
		if (!json_equal(json_object_get(item, key), json_object_get(data, key)))
			continue;
		if (remove)
			json_array_remove(items, i);
		else
			json_array_set(items, i, data);
		return;
	}
	if (!remove)
		json_array_append(items, data);
}

static void fake(struct http_call *c, void *arg)
{
	const json_t *body = http_call_body(c);
	const char *name = json_string_value(json_object_get(body, "name"));
	json_t *data = json_object_get(body, "data"), *s;
	char *text;

	if (!name || !data) {
		http_call_refuse(c, 400, "bad_value", NULL);
		return;
	}
	pthread_mutex_lock(&lock);
	s = json_object_get(picture, "switchboard");
	if (!strcmp(name, "call") || !strcmp(name, "call_ended"))
		change(json_object_get(s, "calls"), "no", data, name[4] != '\0');
	else if (!strcmp(name, "extension"))
		change(json_object_get(s, "extensions"), "id", data, false);
	else if (!strcmp(name, "trunk"))
		change(json_object_get(s, "trunks"), "id", data, false);
	else if (!strcmp(name, "switchboard"))
		json_object_update(s, data);
	pthread_mutex_unlock(&lock);
	text = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY);
	http_room_publish(room, 1, API_OPERATOR | API_MANAGER | API_ADMIN, name, text);
	free(text);
	http_call_give(c, 204, NULL);
}

static int serve(char **argv)
{
	struct http_config cfg = {.listen = "127.0.0.1", .console_dir = argv[3]};
	struct catalogue *texts = NULL;
	const struct http_route *routes;
	struct http_route *table;
	char why[CATALOGUE_WHY] = "";
	struct api *api = NULL;
	sigset_t stop;
	int err, signo;

	routes = api_route_table(&cfg.route_count);
	cfg.route = table = calloc(cfg.route_count + 1, sizeof(*table));
	if (!table)
		return ENOMEM;
	memcpy(table, routes, cfg.route_count * sizeof(*table));
	table[cfg.route_count++] =
	    (struct http_route){"POST", "/api/v1/fake", "fake", 0, 0, fake, NULL};
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	signal(SIGPIPE, SIG_IGN);
	picture = json_load_file(argv[2], 0, NULL);
	err = picture ? catalogue_open(&texts, argv[4], why) : EINVAL;
	if (!err)
		err = api_alloc(&api, &source);
	cfg.port = (uint16_t)atoi(argv[1]);
	cfg.arg = api;
	cfg.texts = texts;
	if (!err)
		err = http_room_alloc(&room, &cfg);
	if (err) {
		fprintf(stderr, "fake_server: %s %s\n", strerror(err), why);
		return 1;
	}
	http_room_health_set(room, true, "{\"ok\":true}");
	printf("%u\n", http_room_port(room));
	fflush(stdout);
	sigwait(&stop, &signo);
	http_room_free(room);
	api_free(api);
	catalogue_close(texts);
	free(table);
	json_decref(picture);
	return 0;
}

int main(int argc, char **argv)
{
	static char text[8192];

	if (argc == 2 && !strcmp(argv[1], "--routes")) {
		if (api_route_print(text, sizeof(text)))
			return 1;
		fputs(text, stdout);
		return 0;
	}
	return argc == 5 ? serve(argv) : 2;
}
