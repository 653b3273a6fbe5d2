/* The employee's own page beside the messages: signing in by a link, forwards, readings, the order
 * of delivery. In workers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/link_page.h"
#include "app/source.h"
#include "app/staff.h"
#include "measures/forward.h"
#include "records/delivery.h"
#include "records/desk.h"
#include "speech/pinyin.h"
#include "speech/wav.h"

#define FORWARDS 3
static const char *const forward_kinds[FORWARDS] = {"always", "busy", "no_answer"};
static const char *const forward_sets[FORWARDS] = {"forward_always", "forward_busy",
						   "forward_no_answer"};
static const enum day_set forward_days[FORWARDS] = {DAY_FORWARD_ALWAYS, DAY_FORWARD_BUSY,
						    DAY_FORWARD_NO_ANSWER};

/* ---- signing in ---- */

/* The configuration is the call thread's: a worker looks at what a turn of the delivery saw. */
static int link_ask(void *arg, const char *mail, enum lang lang)
{
	struct app *a = arg;

	return staff_links_possible() ? staff_link_ask(a, mail, lang) : ENOTSUP;
}

/* Whose link it is, as long as the directory has them. */
static int link_owner(struct app *a, const char *secret, bool use, char name[DIRECTORY_NAME],
		      struct http_identity *who)
{
	const struct directory *d = NULL;
	const struct directory_person *p;
	struct records_db *db = NULL;
	uint32_t org = 0, person = 0;
	int err = source_borrow(a, &db);

	if (!err)
		err = staff_link_find(secret, use, &org, &person);
	if (!err) {
		err = source_lock(a, db, org, &d);
		p = err ? NULL : directory_person(d, person);
		if (!err && (!p || !p->name[0]))
			err = ENOENT; /* has left since */
		if (!err) {
			text_copy(name, DIRECTORY_NAME, p->name);
			staff_identity(org, p, API_BY_LINK, who);
		}
		source_unlock();
	}
	records_return(a->records, db);
	return err;
}

static int link_page(void *arg, const struct api_query *q, const char *secret, bool use,
		     struct http_identity *who, char **html)
{
	struct app *a = arg;
	char name[DIRECTORY_NAME] = "";
	int err = link_owner(a, secret, use, name, who);

	if ((err && err != ENOENT) || (!err && use))
		return err;
	*html = link_page_enter(a, q->lang, err ? NULL : name, secret);
	return *html ? err : ENOMEM;
}

/* ---- forwards ---- */

/* The forwards of the day that go before the directory's. */
struct days {
	uint32_t extension; /* whose are kept, 0: the always of all */
	char number[FORWARDS][EVENT_NUMBER];
	bool set[FORWARDS];
	json_t *always; /* by extension's id */
	struct records_day away;
	uint32_t person;
};

static int on_day(const struct records_day *day, void *arg)
{
	struct days *s = arg;
	char key[16];

	if (day->person && day->person == s->person && strcmp(day->set, "away") == 0)
		s->away = *day;
	for (unsigned k = 0; k < FORWARDS; k++) {
		if (strcmp(day->set, forward_sets[k]) != 0)
			continue;
		snprintf(key, sizeof(key), "%u", day->extension);
		if (k == 0)
			json_object_set_new(s->always, key,
					    json_string(day->on ? day->number : ""));
		if (day->extension != s->extension)
			continue;
		s->set[k] = true;
		text_copy(s->number[k], sizeof(s->number[k]), day->on ? day->number : "");
	}
	return 0;
}

static void forwards_of(const struct directory_extension *e, struct days *s)
{
	const char *const own[FORWARDS] = {e->forward_always, e->forward_busy,
					   e->forward_no_answer};

	for (unsigned k = 0; k < FORWARDS; k++)
		if (!s->set[k])
			text_copy(s->number[k], sizeof(s->number[k]), own[k]);
}

static const char *always_of(const struct directory_extension *e, void *arg)
{
	const struct days *s = arg;
	const char *number;
	char key[16];

	snprintf(key, sizeof(key), "%u", e->id);
	number = json_string_value(json_object_get(s->always, key));
	return number ? number : e->forward_always;
}

static json_t *loop_named(const struct directory_extension *const *way, unsigned count)
{
	json_t *out = source_field("number", "forward_loop");
	char text[FORWARD_WAY * (DIRECTORY_NUMBER + 8)] = "";

	for (unsigned i = 0; i < count; i++)
		text_append(text, sizeof(text), "%s%s", i ? " → " : "", way[i]->number);
	json_object_set_new(out, "found", json_string(text));
	return out;
}

/* May it be set? EINVAL: *out says why not. */
static int forward_check(const struct measures *m, const struct directory *d,
			 const struct directory_extension *e, const char *number, struct days *s,
			 json_t **out)
{
	static const char *const codes[FORWARD_FAULTS] = {
	    [FORWARD_BAD_NUMBER] = "forward_number", [FORWARD_SELF] = "forward_self",
	    [FORWARD_NOBODY] = "forward_nobody",     [FORWARD_EMERGENCY] = "forward_emergency",
	    [FORWARD_CLASS] = "forward_class",
	};
	const struct directory_extension *way[FORWARD_WAY];
	const enum forward_fault fault = measures_forward(m, d, e, number);
	unsigned count;

	if (fault != FORWARD_FINE) {
		*out = source_field("number", codes[fault]);
		return EINVAL;
	}
	count = measures_forward_loop(d, e, number, always_of, s, way);
	if (!count)
		return 0;
	*out = loop_named(way, count);
	return EINVAL;
}

static const struct measures *measures_of(const struct app *a, uint32_t org)
{
	for (unsigned i = 0; i < a->org_count; i++)
		if (a->org[i].id == org)
			return &a->config->measures[i];
	return NULL;
}

static int forward_prepare(struct app *a, struct records_db *db, const struct api_query *q,
			   const struct api_forward *f, struct records_day *day, json_t **out)
{
	const struct measures *m = measures_of(a, q->who.org);
	const struct directory *d = NULL;
	const struct directory_person *p = NULL;
	const struct directory_extension *e = NULL;
	struct days s = {.always = json_object()};
	int err = records_day_load(db, q->who.org, day->at_ms, on_day, &s);
	int locked = source_lock(a, db, q->who.org, &d);

	err = err ? err : locked;
	p = err ? NULL : directory_person(d, q->who.person);
	if (!err && (!p || !m))
		err = ENOENT;
	e = err || !p->extension ? NULL : directory_extension(d, p->extension);
	if (!err && !e) {
		*out = source_field("number", "forward_no_extension");
		err = EINVAL;
	}
	if (!err)
		day->extension = e->id;
	if (!err && f->number[0])
		err = forward_check(m, d, e, f->number, &s, out);
	source_unlock();
	json_decref(s.always);
	return err;
}

static int forward(void *arg, const struct api_query *q, const struct api_forward *f, json_t **out)
{
	struct app *a = arg;
	struct records_day day = {.org = q->who.org,
				  .by = q->who.person,
				  .on = f->number[0] != '\0',
				  .at_ms = clock_wall_ms()};
	struct event ev = {.kind = EV_SET};
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	TEXT_COPY(day.set, forward_sets[f->kind]);
	TEXT_COPY(day.number, f->number);
	if (!err)
		err = forward_prepare(a, db, q, f, &day, out);
	if (!err)
		err = records_forward_set(db, &day, q->who.name);
	records_return(a->records, db);
	if (err)
		return err;
	ev.day.set = forward_days[f->kind];
	ev.day.on = day.on;
	ev.day.extension = day.extension;
	ev.day.by = day.by;
	TEXT_COPY(ev.day.number, day.number);
	return source_set(a, q->who.org, &ev);
}

/* ---- readings ---- */

static int readings(void *arg, const struct api_query *q, const struct api_readings *r,
		    json_t **out)
{
	struct api_query own = *q;

	own.id = q->who.person;
	return source_readings_set(arg, &own, r, out);
}

static int name_of(struct app *a, const struct api_query *q, char name[DIRECTORY_NAME])
{
	const struct directory *d = NULL;
	const struct directory_person *p = NULL;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err) {
		err = source_lock(a, db, q->who.org, &d);
		p = err ? NULL : directory_person(d, q->who.person);
		if (p)
			text_copy(name, DIRECTORY_NAME, p->name);
		source_unlock();
	}
	records_return(a->records, db);
	return err ? err : p && name[0] ? 0 : ENOENT;
}

/* One at a time: the engine is a process of its own, and calls need the machine more. */
static int reading_sound(void *arg, const struct api_query *q, struct api_file_out *file,
			 json_t **out)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	struct app *a = arg;
	char name[DIRECTORY_NAME] = "";
	struct speech_request rq = {.lang = LANG_ZH_CN, .text = name, .reading = q->text};
	struct speech_sound sound = {.samples = NULL};
	uint8_t *bytes = NULL;
	struct pinyin p;
	int err;

	if (speech_pinyin_parse(q->text, &p)) {
		*out = source_field("text", "bad_reading");
		return EINVAL;
	}
	err = name_of(a, q, name);
	if (!err && pthread_mutex_trylock(&one))
		err = EBUSY;
	if (err)
		return err;
	err = speech_render(a->speech, &rq, &sound);
	pthread_mutex_unlock(&one);
	if (!err)
		err = wav_bytes(&sound, &bytes, &file->len);
	speech_sound_free(&sound);
	file->bytes = bytes;
	return err == EINVAL || err == ENOENT ? EAGAIN : err;
}

/* ---- the order of delivery ---- */

static int order(void *arg, const struct api_query *q, const struct api_order *o, json_t **out)
{
	struct app *a = arg;
	struct records_csv_errors *errors = calloc(1, sizeof(*errors));
	json_t *cells = json_pack("{s:s}", "deliver", o->ways);
	const struct records_edit change = {.org = q->who.org,
					    .id = q->who.person,
					    .file = RECORDS_PEOPLE,
					    .cells = cells,
					    .by = q->who.name,
					    .at_ms = clock_wall_ms()};
	struct records_db *db = NULL;
	uint32_t id = 0;
	int err = errors && cells ? source_borrow(a, &db) : ENOMEM;

	if (!err)
		err = records_directory_edit(db, &change, errors, &id);
	if (err == EINVAL)
		*out = source_field("order", NULL);
	records_return(a->records, db);
	json_decref(cells);
	free(errors);
	if (!err)
		source_directory_changed(a, q->who.org, false);
	return err;
}

/* ---- the page ---- */

/* "z***@example.com": enough to know one's own by. */
static void mail_masked(const char *mail, char *out, size_t cap)
{
	const char *at = strchr(mail, '@');

	text_copy(out, cap, "");
	if (at)
		text_append(out, cap, "%.1s***%s", mail, at);
}

static json_t *ways_json(const struct records_reached *r)
{
	const struct {
		const char *channel, *address;
	} ways[] = {{"page", "page"},	       {"mail", r->mail},     {"wecom", r->wecom},
		    {"dingtalk", r->dingtalk}, {"feishu", r->feishu}, {"webhook", r->webhook},
		    {"call", r->call}};
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].address[0])
			json_array_append_new(list, json_string(ways[i].channel));
	return list;
}

static json_t *words_json(const char *words)
{
	json_t *list = json_array();

	while (*words) {
		const size_t len = strcspn(words, " ");

		json_array_append_new(list, json_stringn(words, len));
		words += len + (words[len] == ' ');
	}
	return list;
}

struct reading_rows {
	uint32_t person;
	json_t *list;
};

static int on_reading(enum records_csv_file file, uint32_t id, const char *reading, void *arg)
{
	struct reading_rows *r = arg;

	if (file == RECORDS_PEOPLE && id == r->person)
		json_array_append_new(r->list, json_string(reading));
	return 0;
}

static json_t *reading_json(const struct directory_person *p, json_t *others)
{
	struct pinyin spoken = {.numbered = ""};
	bool own = p->reading[0] && speech_pinyin_parse(p->reading, &spoken) == 0;

	if (!own)
		(void)speech_pinyin(p->name, PINYIN_PERSON, &spoken);
	return json_pack("{s:s,s:b,s:s,s:s,s:O}", "spoken", spoken.numbered, "own", own, "letters",
			 spoken.letters, "initials", spoken.initials, "others", others);
}

static json_t *person_json(const struct directory *d, const struct directory_person *p,
			   const struct directory_extension *e)
{
	const struct directory_department *g =
	    p->department ? directory_department(d, p->department) : NULL;

	return json_pack("{s:i,s:s,s:s,s:s,s:s}", "id", (int)p->id, "name", p->name, "title",
			 p->title, "department", g ? g->name : "", "number", e ? e->number : "");
}

static json_t *forward_json(const struct measures *m, const struct directory_extension *e,
			    struct days *s)
{
	static const char *const classes[CLASS_COUNT] = {"inside", "city", "national",
							 "international"};
	json_t *j = json_object();

	forwards_of(e, s);
	for (unsigned k = 0; k < FORWARDS; k++)
		json_object_set_new(j, forward_kinds[k], json_string(s->number[k]));
	json_object_set_new(j, "class", json_string(classes[e->service_class % CLASS_COUNT]));
	json_object_set_new(j, "outside_prefix", json_string(m->outside_prefix));
	json_object_set_new(j, "outside_callers", json_boolean(m->trunk_to_trunk));
	return j;
}

struct shown {
	struct days days;
	struct reading_rows readings;
	struct records_reached reached;
	struct records_own_filter own;
	uint64_t unread;
};

static json_t *page_json(const struct measures *m, const struct directory *d,
			 const struct directory_person *p, struct shown *s)
{
	const struct directory_extension *e =
	    p->extension ? directory_extension(d, p->extension) : NULL;
	json_t *j = json_object();
	char mail[RECORDS_ADDRESS + 4];

	mail_masked(s->reached.mail, mail, sizeof(mail));
	json_object_set_new(j, "person", person_json(d, p, e));
	json_object_set_new(j, "reading", reading_json(p, s->readings.list));
	json_object_set_new(j, "absence",
			    json_pack("{s:b,s:I,s:s}", "away", s->days.away.on, "until_ms",
				      (json_int_t)s->days.away.until_ms, "word",
				      s->days.away.word));
	json_object_set_new(j, "forward", e ? forward_json(m, e, &s->days) : json_null());
	json_object_set_new(j, "order", words_json(s->reached.deliver));
	json_object_set_new(j, "ways", ways_json(&s->reached));
	json_object_set_new(j, "mail", json_string(mail));
	json_object_set_new(j, "new", json_integer((json_int_t)s->unread));
	return j;
}

static int read_all(struct records_db *db, const struct api_query *q, struct shown *s)
{
	int err = records_day_load(db, q->who.org, clock_wall_ms(), on_day, &s->days);

	if (!err)
		err = records_readings(db, q->who.org, on_reading, &s->readings);
	if (!err)
		err = records_reached_get(db, q->who.org, q->who.person, &s->reached);
	return err ? err : records_own_new(db, &s->own, &s->unread);
}

static int show(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	const struct measures *m = measures_of(a, q->who.org);
	const struct directory *d = NULL;
	const struct directory_person *p;
	struct shown s = {.days = {.person = q->who.person, .always = json_object()},
			  .readings = {q->who.person, json_array()},
			  .own = {.org = q->who.org, .person = q->who.person}};
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	if (!err) {
		err = source_lock(a, db, q->who.org, &d);
		p = err ? NULL : directory_person(d, q->who.person);
		if (!err && (!p || !m))
			err = ENOENT;
		if (!err) {
			s.days.extension = p->extension;
			s.own.department = p->department;
			err = read_all(db, q, &s);
		}
		if (!err)
			*out = page_json(m, d, p, &s);
		if (!err)
			json_object_set_new(*out, "pin_free", json_boolean(source_pin_free(q)));
		source_unlock();
	}
	records_return(a->records, db);
	json_decref(s.days.always);
	json_decref(s.readings.list);
	return err;
}

void source_my_fill(struct api_my_source *m)
{
	m->link_ask = link_ask;
	m->link_page = link_page;
	m->show = show;
	m->forward = forward;
	m->readings = readings;
	m->reading_sound = reading_sound;
	m->order = order;
}
