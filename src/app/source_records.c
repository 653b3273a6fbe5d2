/* Call records for the API: found, shown with their steps. All of it runs in HTTP's workers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/source.h"
#include "records/tapes.h"

struct collected {
	json_t *items;
	char next[64];
};

static const struct {
	uint32_t mark;
	const char *name;
} mark_names[] = {
#define MARK(bit, id, name) {RECORDS_MARK_##id, name},
#include "records/marks.def"
#undef MARK
};
#define MARKS (sizeof(mark_names) / sizeof(mark_names[0]))

static json_t *marks_json(uint32_t marks)
{
	json_t *names = json_array();

	for (unsigned i = 0; i < MARKS; i++)
		if (marks & mark_names[i].mark)
			json_array_append_new(names, json_string(mark_names[i].name));
	return names;
}

static json_t *record_json(const struct records_call_row *r)
{
	const struct records_call *c = &r->call;
	json_t *j = json_pack(
		"{s:I,s:I,s:I,s:I,s:I,s:i,s:{s:s,s:s,s:i,s:i},s:s,s:s}", "no",
		(json_int_t)c->call_no, "started_ms", (json_int_t)c->started_ms, "answered_ms",
		(json_int_t)c->answered_ms, "connected_ms", (json_int_t)c->connected_ms, "ended_ms",
		(json_int_t)c->ended_ms, "wait_ms", (int)c->wait_ms, "caller", "number",
		c->caller_number, "name", c->caller_name, "extension", (int)c->caller_extension,
		"trunk", (int)c->caller_trunk, "dialled", c->dialled, "chosen", c->chosen);
	json_t *more = json_pack(
		"{s:{s:s,s:i,s:i,s:i,s:i},s:s,s:s,s:s,s:s,s:s,s:b,s:I}", "target", "name",
		c->target_name, "person", (int)c->target_person, "department",
		(int)c->target_department, "extension", (int)c->target_extension, "trunk",
		(int)c->target_trunk, "outcome", r->outcome, "direction", r->direction, "clause",
		r->clause, "end_reason", r->end_reason, "end_side", c->end_side, "restarted",
		c->restarted != 0, "message", (json_int_t)r->message_id);

	json_t *desk = json_pack("{s:i,s:i,s:i,s:i,s:i,s:o}", "operator", (int)c->operator_person,
				 "ring", (int)c->ring, "answer_ms", (int)c->answer_ms,
				 "given_up_ms", (int)c->given_up_ms, "talk_ms", (int)c->talk_ms,
				 "marks", marks_json(c->marks));

	json_object_update(j, more);
	json_object_update(j, desk);
	json_decref(more);
	json_decref(desk);
	return j;
}

static int on_record(const struct records_call_row *r, void *arg)
{
	struct collected *c = arg;

	json_array_append_new(c->items, record_json(r));
	snprintf(c->next, sizeof(c->next), "%lld.%llu", (long long)r->call.started_ms,
		 (unsigned long long)r->call.call_no);
	return 0;
}

static int own_extension(struct app *a, struct records_db *db, const struct api_query *q,
			 uint32_t *out)
{
	const struct directory *d;
	int err = source_lock(a, db, q->who.org, &d);
	const struct directory_person *p = err ? NULL : directory_person(d, q->who.person);

	*out = p ? p->extension : 0;
	source_unlock();
	return err;
}

static const char *given(const char *text)
{
	return text[0] ? text : NULL;
}

/* What a filter may say is told when it says something else. */
static json_t *wrong_word(const char *field, const char *(*word)(unsigned), unsigned count)
{
	char words[512] = "";

	for (unsigned i = 0; i < count; i++)
		(void)text_append(words, sizeof(words), "%s%s", i ? " " : "", word(i));
	return json_pack("{s:s,s:s}", "field", field, "expected", words);
}

static const char *mark_word(unsigned i)
{
	return mark_names[i].name;
}

static const char *outcome_word(unsigned i)
{
	return records_outcome_name((enum records_outcome)i);
}

static const char *direction_word(unsigned i)
{
	return records_direction_name((enum records_direction)i);
}

static bool is_word(const char *text, const char *(*word)(unsigned), unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (text_eq(text, word(i)))
			return true;
	return text[0] == '\0';
}

/* NULL when the question makes sense. */
static json_t *records_wrong(const struct api_query *q)
{
	if (q->to_ms && q->from_ms >= q->to_ms)
		return json_pack("{s:s,s:s}", "field", "to_ms", "expected", "> from_ms");
	if (!is_word(q->outcome, outcome_word, RECORDS_OUTCOME_COUNT))
		return wrong_word("outcome", outcome_word, RECORDS_OUTCOME_COUNT);
	if (!is_word(q->direction, direction_word, RECORDS_OUTGOING + 1))
		return wrong_word("direction", direction_word, RECORDS_OUTGOING + 1);
	if (!is_word(q->mark, mark_word, MARKS))
		return wrong_word("mark", mark_word, MARKS);
	if (q->clause[0] && !records_clause_bit(q->clause))
		return json_pack("{s:s}", "field", "clause");
	if (q->ends[strspn(q->ends, "0123456789")])
		return json_pack("{s:s,s:s}", "field", "ends", "expected", "0-9");
	if (strlen(q->text) >= RECORDS_NAME)
		return json_pack("{s:s,s:s}", "field", "text", "expected", "< 64 bytes");
	return NULL;
}

static int filter_make(const struct api_query *q, struct records_call_filter *f, json_t **wrong)
{
	long long started = 0;
	unsigned long long no = 0;

	*wrong = records_wrong(q);
	if (!*wrong && q->before[0] && sscanf(q->before, "%lld.%llu", &started, &no) != 2)
		*wrong = json_pack("{s:s}", "field", "before");
	if (*wrong)
		return EINVAL;
	*f = (struct records_call_filter){
		.org = q->who.org,
		.from_ms = q->from_ms,
		.to_ms = q->to_ms,
		.number = given(q->number),
		.last_digits = given(q->ends),
		.text = given(q->text),
		.clause = given(q->clause),
		.outcome = given(q->outcome),
		.direction = given(q->direction),
		.target_person = q->person,
		.target_department = q->department,
		.extension = q->extension,
		.operator_person = q->operator_person,
		.line = q->trunk,
		.marks = records_mark_by_name(q->mark),
		.before_started_ms = started,
		.before_call_no = no,
		.limit = q->limit,
	};
	return 0;
}

/* Staff see their own. */
static int filter_own(struct app *a, struct records_db *db, const struct api_query *q,
		      struct records_call_filter *f)
{
	if (!q->own)
		return 0;
	f->own_person = q->who.person;
	return own_extension(a, db, q, &f->own_extension);
}

static int records(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct records_call_filter f;
	struct collected c = {json_array(), ""};
	struct records_db *db = NULL;
	int err = filter_make(q, &f, out);

	if (!err)
		err = source_borrow(a, &db);
	if (!err)
		err = filter_own(a, db, q, &f);
	if (!err)
		err = records_calls(db, &f, on_record, &c);
	records_return(a->records, db);
	if (err) {
		json_decref(c.items);
		return err;
	}
	*out = source_list(c.items, json_array_size(c.items) < q->limit ? "" : c.next);
	return 0;
}

struct pages {
	records_call_h *h;
	void *arg;
	unsigned left, rows;
	int64_t started_ms;
	uint64_t call_no;
};

static int on_page(const struct records_call_row *r, void *arg)
{
	struct pages *p = arg;

	p->started_ms = r->call.started_ms;
	p->call_no = r->call.call_no;
	p->rows++;
	if (p->left == 0)
		return 0;
	p->left--;
	return p->h(r, p->arg);
}

int source_records_each(struct app *a, struct records_db *db, const struct api_query *q,
			unsigned most, records_call_h *h, void *arg, json_t **wrong)
{
	struct pages p = {.h = h, .arg = arg, .left = most};
	struct records_call_filter f;
	int err = filter_make(q, &f, wrong);

	if (!err)
		err = filter_own(a, db, q, &f);
	f.limit = RECORDS_PAGE_MAX;
	while (!err && p.left > 0) {
		p.rows = 0;
		err = records_calls(db, &f, on_page, &p);
		f.before_started_ms = p.started_ms;
		f.before_call_no = p.call_no;
		if (p.rows < RECORDS_PAGE_MAX)
			break;
	}
	return err;
}

static int on_step(const struct records_step_row *s, void *arg)
{
	json_array_append_new(arg, json_pack("{s:I,s:s,s:s,s:s,s:s,s:i}", "at_ms",
					     (json_int_t)s->step.at_ms, "step", s->kind, "clause",
					     s->clause, "text", s->step.text, "name", s->step.name,
					     "value", (int)s->step.value));
	return 0;
}

static bool took_part(const json_t *r, uint32_t person, uint32_t extension)
{
	json_int_t target = json_integer_value(
		json_object_get(json_object_get(r, "target"), "person"));
	json_int_t caller = json_integer_value(
		json_object_get(json_object_get(r, "caller"), "extension"));

	return target == (json_int_t)person || (extension && caller == (json_int_t)extension);
}

static int on_opening(const struct records_tape_opening *o, void *arg)
{
	json_array_append_new(arg, json_pack("{s:I,s:s,s:s}", "at_ms", (json_int_t)o->at_ms, "by",
					     o->by, "reason", o->reason));
	return 0;
}

static int on_tape(const struct records_tape *t, void *arg)
{
	json_t *j = json_pack("{s:I,s:s,s:s,s:s,s:[]}", "id", (json_int_t)t->id, "kind", t->kind,
			      "state", t->state, "why", t->why, "openings");
	json_t *times = json_pack("{s:I,s:I,s:I}", "begun_ms", (json_int_t)t->begun_ms, "ms",
				  (json_int_t)t->ms, "deleted_ms", (json_int_t)t->deleted_ms);

	json_object_update(j, times);
	json_decref(times);
	json_array_append_new(arg, j);
	return 0;
}

/* That a call was recorded may be seen with its record; who has listened, by GAD's manager. */
static int tapes(struct records_db *db, const struct api_query *q, json_t *list)
{
	int err = records_tapes_of(db, q->who.org, (uint64_t)q->id, on_tape, list);
	json_t *t;
	size_t i;

	if (err || !(q->who.roles & API_MANAGER))
		return err;
	json_array_foreach(list, i, t) {
		int64_t id = json_integer_value(json_object_get(t, "id"));

		err = records_tape_openings(db, q->who.org, id, on_opening,
					    json_object_get(t, "openings"));
		if (err)
			return err;
	}
	return 0;
}

/* One at a time: an hour is a hundred megabytes while it is given. */
static int recording_wav(const struct app *a, const char *name, struct api_recording *r)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	char path[MEDIA_PATH_MAX];
	enum media_tape_state state;
	int err;

	app_tape_path(a, name, path);
	if (pthread_mutex_trylock(&one))
		return EBUSY;
	err = media_tape_wav(path, a->tape_key, &r->bytes, &r->len, &state);
	pthread_mutex_unlock(&one);
	if (!err)
		r->whole = state == MEDIA_TAPE_WHOLE;
	if (!err && state == MEDIA_TAPE_DAMAGED)
		log_error("app", "recording %s was changed: only its beginning can be heard", name);
	return err == ENOENT ? ENODATA : err == EPROTO ? EACCES : err;
}

static int recording(void *arg, const struct api_query *q, struct api_recording *r)
{
	struct app *a = arg;
	struct records_tape_opening o = {
		.org = q->who.org, .recording = r->id, .at_ms = clock_wall_ms()};
	struct records_tape t;
	struct records_db *db = NULL;
	int err = source_borrow(a, &db);

	TEXT_COPY(o.by, q->who.name);
	TEXT_COPY(o.address, r->address);
	TEXT_COPY(o.reason, q->reason);
	if (!err)
		err = records_tape_get(db, q->who.org, (uint64_t)q->id, r->id, &t);
	if (!err && t.deleted_ms)
		err = ENODATA;
	if (!err)
		err = records_tape_opened(db, &o);
	records_return(a->records, db);
	return err ? err : recording_wav(a, t.path, r);
}

static int record(void *arg, const struct api_query *q, json_t **out)
{
	struct app *a = arg;
	struct collected c = {json_array(), ""};
	json_t *steps = json_array(), *taped = json_array();
	struct records_db *db = NULL;
	uint32_t own = 0;
	int err = source_borrow(a, &db);

	if (!err && q->own)
		err = own_extension(a, db, q, &own);
	if (!err)
		err = records_call_get(db, q->who.org, (uint64_t)q->id, on_record, &c);
	if (!err && q->own && !took_part(json_array_get(c.items, 0), q->who.person, own))
		err = ENOENT;
	if (!err)
		err = records_call_steps(db, q->who.org, (uint64_t)q->id, on_step, steps);
	if (!err)
		err = tapes(db, q, taped);
	records_return(a->records, db);
	if (!err) {
		*out = json_incref(json_array_get(c.items, 0));
		json_object_set(*out, "steps", steps);
		json_object_set(*out, "recordings", taped);
	}
	json_decref(taped);
	json_decref(steps);
	json_decref(c.items);
	return err;
}

void source_records_fill(struct api_source *s)
{
	s->records = records;
	s->record = record;
	s->recording = recording;
}
