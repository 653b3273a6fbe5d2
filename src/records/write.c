/* The rows of the log, of calls, messages and days: how they are written and folded again. */
#include "records/priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define STEP_COLUMNS                                                                               \
	"steps (call_no, seq, org, at_ms, kind, clause, person, department, extension, trunk,"     \
	" value, text, name, caller)"
#define STEP_VALUES 14
static const struct store_bulk bulk_steps = {
    {"records_step", "INSERT INTO " STEP_COLUMNS
		     " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"},
    "COPY " STEP_COLUMNS " FROM STDIN",
    STEP_VALUES};

static const struct store_statement sql_call = {
    "records_call",
    "INSERT INTO calls (call_no, org, node, started_ms, answered_ms, connected_ms, ended_ms,"
    " wait_ms, direction, outcome, clause, caller_number, caller_tail, caller_name,"
    " caller_extension, caller_trunk, dialled, chosen, target_person, target_department,"
    " target_extension, target_trunk, target_name, end_reason, end_side, step_count, path,"
    " marks, clauses, operator, line, ring, answer_ms, given_up_ms, desk_ms, talk_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,"
    " $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36)"
    " ON CONFLICT (call_no) DO UPDATE SET"
    " answered_ms = excluded.answered_ms, connected_ms = excluded.connected_ms,"
    " ended_ms = excluded.ended_ms, wait_ms = excluded.wait_ms,"
    " direction = excluded.direction, outcome = excluded.outcome, clause = excluded.clause,"
    " chosen = excluded.chosen, target_person = excluded.target_person,"
    " target_department = excluded.target_department,"
    " target_extension = excluded.target_extension, target_trunk = excluded.target_trunk,"
    " target_name = excluded.target_name, end_reason = excluded.end_reason,"
    " end_side = excluded.end_side, step_count = excluded.step_count, path = excluded.path,"
    " marks = excluded.marks, clauses = excluded.clauses, operator = excluded.operator,"
    " line = excluded.line, ring = excluded.ring, answer_ms = excluded.answer_ms,"
    " given_up_ms = excluded.given_up_ms, desk_ms = excluded.desk_ms,"
    " talk_ms = excluded.talk_ms"};

static const struct store_statement sql_message = {
    "records_message",
    "INSERT INTO messages (org, call_no, kept_at_ms, for_person, for_department,"
    " copy_department, urgency, clause, from_number, from_name, organisation, matter,"
    " recording, recording_ms, screening, deadline_ms, stage_due_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)"
    " RETURNING id"};

static const struct store_statement sql_day = {
    "records_day",
    "INSERT INTO days (org, what, extension, person, is_on, number, until_ms, set_by, at_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    " ON CONFLICT (org, what, extension, person) DO UPDATE SET is_on = excluded.is_on,"
    " number = excluded.number, until_ms = excluded.until_ms, set_by = excluded.set_by,"
    " at_ms = excluded.at_ms"};

static const struct store_statement sql_use = {
    "records_use",
    "INSERT INTO uses (org, kind, item, day, times, last_ms) VALUES ($1, $2, $3, $4, $6, $5)"
    " ON CONFLICT (org, kind, item, day) DO UPDATE SET times = uses.times + excluded.times,"
    " last_ms = CASE WHEN excluded.last_ms > uses.last_ms THEN excluded.last_ms"
    " ELSE uses.last_ms END"};

static const struct store_statement sql_call_steps = {
    "records_call_fold",
    "SELECT call_no, seq, org, at_ms, kind, clause, person, department, extension, trunk,"
    " value, text, name, caller FROM steps WHERE call_no = $1 ORDER BY seq"};

const char *records_vocabulary_step(const struct records_vocabulary *v, uint16_t kind)
{
	return kind < v->step_count ? v->steps[kind] : "";
}

const char *records_vocabulary_clause(const struct records_vocabulary *v, uint16_t clause)
{
	return clause < v->clause_count ? v->clauses[clause] : "";
}

uint16_t records_vocabulary_find(const char *const *names, uint16_t count, const char *name)
{
	for (uint16_t i = 0; i < count; i++) {
		if (text_eq(names[i], name))
			return i;
	}
	return 0;
}

void records_number_tail(char *dst, size_t cap, const char *number)
{
	size_t n = 0;

	memset(dst, 0, cap);
	for (size_t i = strlen(number); i > 0 && n + 1 < cap; i--) {
		if (number[i - 1] >= '0' && number[i - 1] <= '9')
			dst[n++] = number[i - 1];
	}
}

void records_utf8_clean(char *text)
{
	size_t len = strlen(text), i = 0;

	if (text_utf8_valid(text, len))
		return;
	while (i < len) {
		size_t n = 1;

		/* The longest valid character that begins here is one to four bytes. */
		while (n <= 4 && i + n <= len && !text_utf8_valid(text + i, n))
			n++;
		if (n > 4 || i + n > len) {
			text[i++] = '?';
			continue;
		}
		i += n;
	}
}

static void step_values(const struct records_vocabulary *v, const struct records_step *step,
			struct store_value values[STEP_VALUES])
{
	const struct store_value all[STEP_VALUES] = {
	    STORE_I(step->call_no),
	    STORE_I(step->seq),
	    STORE_I(step->org),
	    STORE_I(step->at_ms),
	    STORE_S(records_vocabulary_step(v, step->kind)),
	    STORE_S(records_vocabulary_clause(v, step->clause)),
	    STORE_I(step->person),
	    STORE_I(step->department),
	    STORE_I(step->extension),
	    STORE_I(step->trunk),
	    STORE_I(step->value),
	    STORE_S(step->text),
	    STORE_S(step->name),
	    STORE_S(step->caller),
	};

	memcpy(values, all, sizeof(all));
}

int records_write_step(struct store *s, const struct records_vocabulary *v,
		       const struct records_step *step)
{
	struct store_value values[STEP_VALUES];

	step_values(v, step, values);
	return store_queue(s, &bulk_steps.insert, values, STEP_VALUES);
}

int records_write_steps(struct store *s, const struct records_vocabulary *v,
			const struct records_step *steps, unsigned count)
{
	struct store_value values[STEP_VALUES];
	int err = store_bulk_begin(s, &bulk_steps), end;

	if (err)
		return err;
	for (unsigned i = 0; i < count && !err; i++) {
		step_values(v, &steps[i], values);
		err = store_bulk_row(s, &bulk_steps, values);
	}
	end = store_bulk_end(s, &bulk_steps, !err);
	return err ? err : end;
}

static int use_write(struct store *s, const struct records_use_sum *u)
{
	const struct store_value values[] = {
	    STORE_I(u->org),	 STORE_I(u->department),
	    STORE_I(u->item),	 STORE_I(u->last_ms / RECORDS_DAY_MS),
	    STORE_I(u->last_ms), STORE_I(u->times)};

	return store_queue(s, &sql_use, values, 6);
}

int records_uses_flush(struct store *s, struct records_sums *sums)
{
	int err = 0;

	for (unsigned i = 0; i < sums->use_count && !err; i++)
		err = use_write(s, &sums->use[i]);
	sums->use_count = 0;
	return err;
}

int records_write_use(struct store *s, struct records_sums *sums,
		      const struct records_vocabulary *v, const struct records_step *step,
		      const struct records_call *call)
{
	const bool department = !call->target_person;
	const struct records_use_sum use = {.org = step->org,
					    .department = department,
					    .item = department ? call->target_department
							       : call->target_person,
					    .last_ms = step->at_ms,
					    .times = 1};
	int err = 0;

	if (!use.item || !records_step_connects(v, step->kind))
		return 0;
	for (unsigned i = 0; i < sums->use_count; i++) {
		struct records_use_sum *u = &sums->use[i];

		if (u->org != use.org || u->department != use.department || u->item != use.item ||
		    u->last_ms / RECORDS_DAY_MS != use.last_ms / RECORDS_DAY_MS)
			continue;
		u->times++;
		u->last_ms = use.last_ms > u->last_ms ? use.last_ms : u->last_ms;
		return 0;
	}
	if (sums->use_count == RECORDS_SUMS)
		err = records_uses_flush(s, sums);
	sums->use[sums->use_count++] = use;
	return err;
}

static void path_json(const struct records_vocabulary *v, const struct records_call *c,
		      char out[RECORDS_PATH_JSON])
{
	size_t n = 0;

	out[n++] = '[';
	for (unsigned i = 0; i < c->path_count; i++) {
		const struct records_path_step *p = &c->path[i];
		size_t room = RECORDS_PATH_JSON - n - 2;
		int len = snprintf(out + n, room, "%s[\"%s\",\"%s\"]", i ? "," : "",
				   records_vocabulary_clause(v, p->clause),
				   records_vocabulary_step(v, p->kind));

		if (len < 0 || (size_t)len >= room)
			break;
		n += (size_t)len;
	}
	out[n++] = ']';
	out[n] = '\0';
}

static const char *end_reason(const struct records_vocabulary *v, const struct records_call *c)
{
	if (!c->ended_ms)
		return "";
	if (c->restarted)
		return "restarted";
	if (v->ends && c->end_reason >= 0 && c->end_reason < v->end_count)
		return v->ends[c->end_reason];
	return "other";
}

void records_call_values(const struct records_vocabulary *v, const struct records_call *c,
			 const char *node, struct call_texts *t,
			 struct store_value values[RECORDS_CALL_VALUES])
{
	struct store_value *w = values;

	path_json(v, c, t->path);
	records_number_tail(t->tail, sizeof(t->tail), c->caller_number);
	*w++ = STORE_I(c->call_no);
	*w++ = STORE_I(c->org);
	*w++ = STORE_S(node);
	*w++ = STORE_I(c->started_ms);
	*w++ = STORE_I(c->answered_ms);
	*w++ = STORE_I(c->connected_ms);
	*w++ = STORE_I(c->ended_ms);
	*w++ = STORE_I(c->wait_ms);
	*w++ = STORE_S(records_direction_name(c->direction));
	*w++ = STORE_S(records_outcome_name(c->outcome));
	*w++ = STORE_S(records_vocabulary_clause(v, c->clause));
	*w++ = STORE_S(c->caller_number);
	*w++ = STORE_S(t->tail);
	*w++ = STORE_S(c->caller_name);
	*w++ = STORE_I(c->caller_extension);
	*w++ = STORE_I(c->caller_trunk);
	*w++ = STORE_S(c->dialled);
	*w++ = STORE_S(c->chosen);
	*w++ = STORE_I(c->target_person);
	*w++ = STORE_I(c->target_department);
	*w++ = STORE_I(c->target_extension);
	*w++ = STORE_I(c->target_trunk);
	*w++ = STORE_S(c->target_name);
	*w++ = STORE_S(end_reason(v, c));
	*w++ = STORE_S(c->end_side);
	*w++ = STORE_I(c->step_count);
	*w++ = STORE_S(t->path);
	*w++ = STORE_I(c->marks);
	*w++ = STORE_I(c->clauses);
	*w++ = STORE_I(c->operator_person);
	*w++ = STORE_I(c->line);
	*w++ = STORE_I(c->ring);
	*w++ = STORE_I(c->answer_ms);
	*w++ = STORE_I(c->given_up_ms);
	*w++ = STORE_I(c->desk_ms);
	*w++ = STORE_I(c->talk_ms);
}

int records_write_call(struct store *s, const struct records_vocabulary *v,
		       const struct records_call *c, const char *node)
{
	struct store_value values[RECORDS_CALL_VALUES];
	struct call_texts t;

	records_call_values(v, c, node, &t, values);
	return store_queue(s, &sql_call, values, RECORDS_CALL_VALUES);
}

static int id_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

int records_write_derived(struct store *s, const struct call_written *w)
{
	unsigned terms =
	    (w->began ? RECORDS_TERMS_CALLER : 0u) | (w->over ? RECORDS_TERMS_TARGET : 0u);
	int err;

	err = records_write_call(s, w->v, w->call, w->node);
	if (!err && terms)
		err = records_write_terms(s, w->seen, w->call, terms);
	if (!err && w->over)
		err = records_write_figures(s, w->sums, w->call);
	return err;
}

int records_write_message(struct store *s, const struct records_vocabulary *v,
			  const struct records_message *m)
{
	const struct store_value values[] = {
	    STORE_I(m->org),
	    STORE_I(m->call_no),
	    STORE_I(m->kept_at_ms),
	    STORE_I(m->for_person),
	    STORE_I(m->for_department),
	    STORE_I(m->copy_department),
	    STORE_I(m->urgency),
	    STORE_S(records_vocabulary_clause(v, m->clause)),
	    STORE_S(m->from_number),
	    STORE_S(m->from_name),
	    STORE_S(m->organisation),
	    STORE_S(m->matter),
	    STORE_S(m->recording),
	    STORE_I(m->recording_ms),
	    STORE_S(m->screening),
	    STORE_I(m->deadline_ms),
	};
	int64_t id = 0;
	int err =
	    store_run(s, &sql_message, values, sizeof(values) / sizeof(values[0]), id_row, &id);

	return err ? err : records_delivery_begin(s, m, id);
}

int records_write_day(struct store *s, const struct records_day *d)
{
	const struct store_value values[] = {
	    STORE_I(d->org),	  STORE_S(d->set), STORE_I(d->extension),
	    STORE_I(d->person),	  STORE_I(d->on),  STORE_S(d->number),
	    STORE_I(d->until_ms), STORE_I(d->by),  STORE_I(d->at_ms),
	};

	return store_queue(s, &sql_day, values, sizeof(values) / sizeof(values[0]));
}

struct folding {
	const struct records_vocabulary *v;
	struct records_call *call;
};

static int fold_row(const struct store_row *row, void *arg)
{
	struct folding *f = arg;
	const struct records_vocabulary *v = f->v;
	struct records_step s = {
	    .call_no = (uint64_t)store_row_int(row, 0),
	    .seq = (uint64_t)store_row_int(row, 1),
	    .org = (uint32_t)store_row_int(row, 2),
	    .at_ms = store_row_int(row, 3),
	    .kind = records_vocabulary_find(v->steps, v->step_count, store_row_text(row, 4)),
	    .clause = records_vocabulary_find(v->clauses, v->clause_count, store_row_text(row, 5)),
	    .person = (uint32_t)store_row_int(row, 6),
	    .department = (uint32_t)store_row_int(row, 7),
	    .extension = (uint32_t)store_row_int(row, 8),
	    .trunk = (uint16_t)store_row_int(row, 9),
	    .value = (int32_t)store_row_int(row, 10),
	};

	TEXT_COPY(s.text, store_row_text(row, 11));
	TEXT_COPY(s.name, store_row_text(row, 12));
	TEXT_COPY(s.caller, store_row_text(row, 13));
	records_fold(v, f->call, &s);
	return 0;
}

int records_read_call(struct store *s, const struct records_vocabulary *v, uint64_t call_no,
		      struct records_call *out)
{
	const struct store_value value = STORE_I(call_no);
	struct records_call call = {0};
	struct folding f = {v, &call};
	int err = store_run(s, &sql_call_steps, &value, 1, fold_row, &f);

	if (!err && call.step_count == 0)
		err = ENOENT;
	if (!err)
		*out = call;
	return err;
}
