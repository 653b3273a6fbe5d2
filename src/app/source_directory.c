/* The directory whole, as a desk searches it; entries, files and history as GAD edits them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "app/source.h"
#include "records/desk.h"
#include "speech/pinyin.h"

#define MEMO_NAMES 50000 /* then it begins anew */

/* What ICU makes of names, under the directory's lock: 30 us each, and they seldom change. */
static json_t *memo;

/* The last pictures, by ETag, under the same lock: after a change every page asks for the same. */
#define PICTURES 4
static struct {
	char etag[64];
	bool gzip;
	void *bytes;
	size_t len;
} picture[PICTURES];
static unsigned picture_next;

static const char *const disclosures[] = {"all", "inside", "none"};
static const char *const reaches[] = {"straight", "screened", "secretary", "department", "none"};

/* --- readings --- */

/* "zhang1 san1 feng1" without its tones. */
static void plain(const char *numbered, char *out, size_t cap)
{
	size_t n = 0;

	for (; *numbered && n + 1 < cap; numbered++)
		if (*numbered < '1' || *numbered > '5')
			out[n++] = *numbered;
	out[n] = '\0';
}

/* Adds one unless it is there. */
static void reading_add(json_t *list, const struct pinyin *p)
{
	char full[PINYIN_NUMBERED];
	json_t *one;
	size_t i;

	plain(p->numbered, full, sizeof(full));
	if (!full[0])
		return;
	json_array_foreach(list, i, one) if (strcmp(json_string_value(json_object_get(one, "full")),
						    full) == 0) return;
	json_array_append_new(list, json_pack("{s:s,s:s}", "full", full, "initials", p->initials));
}

/* Both ways that a character may be read: as a surname, and as a word. */
static json_t *guessed(const char *name, bool person)
{
	char key[DIRECTORY_NAME + 2];
	struct pinyin p;
	json_t *list;

	snprintf(key, sizeof(key), "%c%s", person ? 'p' : 'd', name);
	if (!memo || json_object_size(memo) > MEMO_NAMES) {
		json_decref(memo);
		memo = json_object();
	}
	list = json_object_get(memo, key);
	if (list)
		return list;
	list = json_array();
	if (person && speech_pinyin(name, PINYIN_PERSON, &p) == 0)
		reading_add(list, &p);
	if (speech_pinyin(name, PINYIN_WORDS, &p) == 0)
		reading_add(list, &p);
	json_object_set_new(memo, key, list);
	return list;
}

static void typed_add(json_t *list, const char *reading)
{
	struct pinyin p;

	if (reading[0] && speech_pinyin_parse(reading, &p) == 0)
		reading_add(list, &p);
}

/* Further readings that GAD gave, by "p12" or "d3". */
static int on_reading(enum records_csv_file file, uint32_t id, const char *reading, void *arg)
{
	char key[16];
	json_t *list;

	snprintf(key, sizeof(key), "%c%u", file == RECORDS_PEOPLE ? 'p' : 'd', id);
	list = json_object_get(arg, key);
	if (!list) {
		list = json_array();
		json_object_set_new(arg, key, list);
	}
	json_array_append_new(list, json_string(reading));
	return 0;
}

/* --- building --- */

struct building {
	struct app *app;
	const struct api_query *q;
	const struct directory *d;
	json_t *entries;
	json_t *uses, *away, *readings; /* by "p12" or "d3" */
	int64_t last_ms;		/* the newest use */
	int64_t now_ms;
};

static json_t *by_id(const json_t *map, char kind, uint32_t id)
{
	char key[16];

	snprintf(key, sizeof(key), "%c%u", kind, id);
	return json_object_get(map, key);
}

static int on_use(const struct records_use *u, void *arg)
{
	struct building *b = arg;
	char key[16];

	snprintf(key, sizeof(key), "%c%u", u->department ? 'd' : 'p', u->item);
	if (u->last_ms > b->last_ms)
		b->last_ms = u->last_ms;
	json_object_set_new(
	    b->uses, key,
	    json_pack("{s:i,s:I}", "uses", (int)u->times, "last_used_ms", (json_int_t)u->last_ms));
	return 0;
}

static int on_day(const struct records_day *day, void *arg)
{
	struct building *b = arg;
	char key[16];

	if (strcmp(day->set, "away") != 0)
		return 0;
	snprintf(key, sizeof(key), "p%u", day->person);
	json_object_set_new(b->away, key,
			    json_pack("{s:I,s:s}", "away_until_ms", (json_int_t)day->until_ms,
				      "away_word", day->word));
	return 0;
}

static json_t *readings_of(const struct building *b, char kind, uint32_t id, const char *own,
			   const char *name)
{
	json_t *list = json_array(), *more = by_id(b->readings, kind, id);
	json_t *guesses = guessed(name, kind == 'p'), *one;
	size_t i;

	typed_add(list, own);
	json_array_foreach(more, i, one) typed_add(list, json_string_value(one));
	json_array_foreach(guesses, i, one)
	{
		const char *full = json_string_value(json_object_get(one, "full"));
		bool there = false;
		json_t *other;
		size_t k;

		json_array_foreach(list, k, other) there |=
		    strcmp(json_string_value(json_object_get(other, "full")), full) == 0;
		if (!there)
			json_array_append(list, one);
	}
	return list;
}

/* The sentence that may be said (A4.1.5). */
static json_t *disclosure_text(const struct building *b, uint8_t disclosure, const char *name,
			       const char *number)
{
	char key[48], text[CATALOGUE_TEXT];

	snprintf(key, sizeof(key), "disclosure.%s",
		 disclosures[disclosure > DISCLOSE_NONE ? DISCLOSE_NONE : disclosure]);
	if (catalogue_format(b->app->catalogue, b->q->lang, key, text, sizeof(text), "name", name,
			     "number", number, NULL))
		text[0] = '\0';
	return json_string(text);
}

static void entry_finish(struct building *b, json_t *e, char kind, uint32_t id)
{
	json_t *use = by_id(b->uses, kind, id), *away = by_id(b->away, kind, id);

	if (use)
		json_object_update(e, use);
	if (away)
		json_object_update(e, away);
	json_array_append_new(b->entries, e);
}

static void person_add(struct building *b, const struct directory_person *p)
{
	const struct directory_department *d =
	    p->department ? directory_department(b->d, p->department) : NULL;
	const struct directory_extension *x =
	    p->extension ? directory_extension(b->d, p->extension) : NULL;
	const char *number = x ? x->number : "";
	json_t *e;

	if (b->q->own && p->disclosure == DISCLOSE_NONE && p->id != b->q->who.person)
		return;
	e = json_pack(
	    "{s:s,s:i,s:s,s:o,s:s,s:s,s:i,s:s,s:s,s:s,s:s,s:o}", "kind", "person", "id", (int)p->id,
	    "name", p->name, "readings", readings_of(b, 'p', p->id, p->reading, p->name), "title",
	    p->title, "department", d ? d->name : "", "department_id", (int)p->department, "number",
	    number, "post", source_posts[p->post], "reach",
	    reaches[measures_reach((enum post)p->post)], "disclosure", disclosures[p->disclosure],
	    "disclosure_text", disclosure_text(b, p->disclosure, p->name, number));
	if (p->secretary)
		json_object_set_new(e, "secretary", json_integer(p->secretary));
	if (p->deputy)
		json_object_set_new(e, "deputy", json_integer(p->deputy));
	if (p->extension)
		json_object_set_new(e, "extension_id", json_integer(p->extension));
	entry_finish(b, e, 'p', p->id);
}

/* Departments that a clause names, as posts are for people: the desk's keys lead there. */
static const char *department_post(const struct building *b, uint32_t id)
{
	const struct app_org *o = source_org(b->app, b->q->who.org);
	const struct measures *m = o ? &b->app->config->measures[o->index] : NULL;

	if (m && id == m->gad_department)
		return "gad";							    /* A4.1.7 */
	return m && id == m->customer_service_department ? "customer_service" : ""; /* A4.1.6 */
}

/* Whose phones ring for it: its lamp is theirs. */
static json_t *members_of(const struct directory *d, const struct directory_department *group)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < group->member_count; i++) {
		const struct directory_extension *x = directory_extension(d, group->members[i]);

		if (x)
			json_array_append_new(list, json_string(x->number));
	}
	return list;
}

static void department_add(struct building *b, const struct directory_department *d)
{
	json_t *e = json_pack(
	    "{s:s,s:i,s:s,s:o,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "kind", "department", "id",
	    (int)d->id, "name", d->name, "readings",
	    readings_of(b, 'd', d->id, d->reading, d->name), "title", "", "department", "",
	    "number", d->number, "post", department_post(b, d->id), "reach", "department",
	    "disclosure", disclosures[d->disclosure], "disclosure_text",
	    disclosure_text(b, d->disclosure, d->name, d->number), "members", members_of(b->d, d));

	if (!b->q->own || d->disclosure != DISCLOSE_NONE)
		entry_finish(b, e, 'd', d->id);
	else
		json_decref(e);
}

static int gather(struct building *b, struct records_db *db)
{
	int err = records_uses(db, b->q->who.org, b->now_ms, on_use, b);

	if (!err)
		err = records_day_load(db, b->q->who.org, b->now_ms, on_day, b);
	return err ? err : records_readings(db, b->q->who.org, on_reading, b->readings);
}

/* What it was made of: the directory, its uses, what this asker may see of it. */
static bool etag_same(const struct building *b, struct api_directory *out)
{
	snprintf(out->etag, sizeof(out->etag), "\"t%u-%u-%llx-%s%s%u\"", b->q->who.org,
		 b->d->version, (unsigned long long)b->last_ms, lang_name(b->q->lang),
		 b->q->own ? "-own" : "", b->q->own ? b->q->who.person : 0);
	return out->seen && strstr(out->seen, out->etag);
}

/* How each title is read, once: many have the same. */
static json_t *titles_of(const struct directory *d)
{
	json_t *titles = json_object();

	for (uint32_t i = 0; i < d->person_count; i++) {
		const char *title = d->people[i].title;

		if (title[0] && !json_object_get(titles, title))
			json_object_set(titles, title, guessed(title, false));
	}
	return titles;
}

static char *text_of(struct building *b)
{
	json_t *whole;
	char *text;

	for (uint32_t i = 0; i < b->d->person_count; i++)
		person_add(b, &b->d->people[i]);
	for (uint32_t i = 0; i < b->d->department_count; i++)
		department_add(b, &b->d->departments[i]);
	whole = json_pack("{s:i,s:O,s:o}", "version", (int)b->d->version, "entries", b->entries,
			  "titles", titles_of(b->d));
	text = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	return text;
}

/* RFC 1952. 0, ENOMEM. */
static int zip(const char *text, struct api_directory *out)
{
	z_stream z;
	size_t len = strlen(text), cap;
	void *bytes;
	int result;

	memset(&z, 0, sizeof(z));
	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return ENOMEM;
	cap = deflateBound(&z, len);
	bytes = malloc(cap);
	z.next_in = (Bytef *)text;
	z.avail_in = (uInt)len;
	z.next_out = bytes;
	z.avail_out = (uInt)cap;
	result = bytes ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
	out->len = z.total_out;
	deflateEnd(&z);
	if (result != Z_STREAM_END) {
		free(bytes);
		return ENOMEM;
	}
	out->bytes = bytes;
	return 0;
}

static int bytes_copy(const void *bytes, size_t len, struct api_directory *out)
{
	out->bytes = malloc(len ? len : 1);
	if (!out->bytes)
		return ENOMEM;
	memcpy(out->bytes, bytes, len);
	out->len = len;
	return 0;
}

/* ENOENT when there is none. */
static int picture_find(struct api_directory *out)
{
	for (unsigned i = 0; i < PICTURES; i++)
		if (picture[i].bytes && picture[i].gzip == out->gzip &&
		    strcmp(picture[i].etag, out->etag) == 0)
			return bytes_copy(picture[i].bytes, picture[i].len, out);
	return ENOENT;
}

static void picture_keep(const struct api_directory *d)
{
	struct api_directory copy = {0};
	unsigned i = picture_next++ % PICTURES;

	if (bytes_copy(d->bytes, d->len, &copy))
		return;
	free(picture[i].bytes);
	picture[i].bytes = copy.bytes;
	picture[i].len = copy.len;
	picture[i].gzip = d->gzip;
	TEXT_COPY(picture[i].etag, d->etag);
}

void source_directory_close(void)
{
	json_decref(memo);
	memo = NULL;
	for (unsigned i = 0; i < PICTURES; i++) {
		free(picture[i].bytes);
		picture[i].bytes = NULL;
	}
}

static int build(struct building *b, struct api_directory *out)
{
	char *text = text_of(b);
	int err = text ? 0 : ENOMEM;

	if (text && out->gzip) {
		err = zip(text, out);
		free(text);
	} else if (text) {
		out->bytes = text;
		out->len = strlen(text);
	}
	if (!err)
		picture_keep(out);
	return err;
}

static int directory(void *arg, const struct api_query *q, struct api_directory *out)
{
	struct app *a = arg;
	struct building b = {.app = a, .q = q, .now_ms = clock_wall_ms()};
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (err)
		return err;
	b.entries = json_array();
	b.uses = json_object();
	b.away = json_object();
	b.readings = json_object();
	err = source_lock(a, db, q->who.org, &b.d);
	if (!err)
		err = gather(&b, db);
	if (!err && !etag_same(&b, out)) {
		err = picture_find(out);
		if (err == ENOENT)
			err = build(&b, out);
	}
	json_decref(b.entries); /* its parts are the memo's too: under the lock */
	source_unlock();
	records_return(a->records, db);
	json_decref(b.uses);
	json_decref(b.away);
	json_decref(b.readings);
	return err;
}

/* --- as GAD edits it --- */

static int entry(void *arg, const struct api_query *q, enum api_file file, json_t **out)
{
	struct app *a = arg;
	struct records_db *db = NULL;
	json_t *readings = json_object(), *list;
	int err = source_borrow(a, &db);

	if (!err)
		err = records_directory_entry(db, q->who.org, (enum records_csv_file)file,
					      (uint32_t)(q->id > UINT32_MAX ? 0 : q->id), out);
	if (!err)
		err = records_readings(db, q->who.org, on_reading, readings);
	records_return(a->records, db);
	list = by_id(readings, file == API_PEOPLE ? 'p' : 'd', (uint32_t)q->id);
	if (!err && file != API_EXTENSIONS)
		json_object_set_new(*out, "other_readings",
				    list ? json_incref(list) : json_array());
	json_decref(readings);
	return err;
}

static json_t *extension_json(const struct directory *d, const struct directory_extension *x)
{
	static const char *const classes[] = {"inside", "city", "national", "international"};
	const struct directory_person *p = x->person ? directory_person(d, x->person) : NULL;
	const struct directory_department *e =
	    x->department ? directory_department(d, x->department) : NULL;

	return json_pack("{s:i,s:s,s:i,s:i,s:s,s:s,s:b,s:i,s:s,s:s,s:s}", "id", (int)x->id,
			 "number", x->number, "person", (int)x->person, "department",
			 (int)x->department, "owner",
			 p   ? p->name
			 : e ? e->name
			     : "",
			 "class", x->service_class < CLASS_COUNT ? classes[x->service_class] : "",
			 "call_waiting", x->call_waiting, "pickup_group", (int)x->pickup_group,
			 "forward_always", x->forward_always, "forward_busy", x->forward_busy,
			 "forward_no_answer", x->forward_no_answer);
}

static int extensions(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	const struct directory *d = NULL;
	struct records_db *db = NULL;
	json_t *items = json_array();
	uint32_t i = (uint32_t)strtoul(q->before, NULL, 10);
	char next[16] = "";
	int err = source_borrow(a, &db);

	if (!err) {
		err = source_lock(a, db, q->who.org, &d);
		for (; !err && i < d->extension_count; i++) {
			if (q->text[0] && !strstr(d->extensions[i].number, q->text))
				continue;
			if (json_array_size(items) == q->limit) {
				snprintf(next, sizeof(next), "%u", i);
				break;
			}
			json_array_append_new(items, extension_json(d, &d->extensions[i]));
		}
		source_unlock();
	}
	records_return(a->records, db);
	if (err)
		json_decref(items);
	else
		*out = source_list(items, next);
	return err;
}

static int export(void *arg, const struct api_query *q, enum api_file file, char **text,
		  size_t *len)
{
	struct app *a = arg;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err)
		err = records_directory_export(db, q->who.org, (enum records_csv_file)file, text,
					       len);
	records_return(a->records, db);
	return err;
}

static json_t *told_json(const char *text)
{
	json_t *value = text[0] ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	return value ? value : json_null();
}

struct changes {
	json_t *items;
	int64_t last;
};

static int on_change(const struct records_change *c, void *arg)
{
	struct changes *all = arg;

	all->last = c->id;
	json_array_append_new(all->items,
			      json_pack("{s:I,s:I,s:s,s:s,s:I,s:o,s:o}", "id", (json_int_t)c->id,
					"at_ms", (json_int_t)c->at_ms, "by", c->by, "what", c->what,
					"item", (json_int_t)c->item, "before", told_json(c->before),
					"after", told_json(c->after)));
	return 0;
}

static int history(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	const struct records_history_filter f = {.org = q->who.org,
						 .what = q->text,
						 .item = q->id,
						 .before_id = strtoll(q->before, NULL, 10),
						 .limit = q->limit};
	struct changes all = {json_array(), 0};
	struct records_db *db = NULL;
	char next[24] = "";
	int err = source_borrow(a, &db);

	if (!err)
		err = records_history_find(db, &f, on_change, &all);
	records_return(a->records, db);
	if (json_array_size(all.items) == q->limit)
		snprintf(next, sizeof(next), "%lld", (long long)all.last);
	if (err)
		json_decref(all.items);
	else
		*out = source_list(all.items, next);
	return err;
}

void source_directory_fill(struct api_keep_source *k)
{
	k->directory = directory;
	k->entry = entry;
	k->extensions = extensions;
	k->export = export;
	k->history = history;
}
