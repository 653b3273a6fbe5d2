#include "made.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "world.h"

#define HOUR_MS	  INT64_C(3600000)
#define DAY_MS	  (24 * HOUR_MS)
#define ZONE_MS	  (8 * HOUR_MS) /* China */
#define GROUP	  2000		/* calls a transaction */
#define STEPS_MAX 32
#define LONG_MS	  600000

static const struct store_statement sql_heard = {
    "made_heard", "UPDATE messages SET heard_at_ms = kept_at_ms + $2 WHERE org = $1"
		  " AND call_no = $3"};

/* The switchboard's own calls come after. */
static const struct store_statement sql_next = {
    "made_next", "UPDATE counters SET next_value = $1 WHERE name = 'call_no' AND next_value < $1"};

uint64_t made_random(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return hash_mix(*state);
}

static const char *const step_names[] = {
#define STEP(id, name) name,
#include "exchange/steps.def"
#undef STEP
};
static const char *const clause_names[] = {"house",  "A4.1.1", "A4.1.2", "A4.1.3", "A4.1.4",
					   "A4.1.5", "A4.1.6", "A4.2",	 "A5.7"};
static const char *const end_names[] = {
#define END_DEF(id, name) name,
#include "exchange/ends.def"
#undef END_DEF
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct records_vocabulary *made_vocabulary(void)
{
	static struct records_vocabulary v = {
	    .steps = step_names,
	    .step_count = COUNT(step_names),
	    .clauses = clause_names,
	    .clause_count = COUNT(clause_names),
	    .ends = end_names,
	    .end_count = COUNT(end_names),
	};

	assert_int_equal(records_vocabulary_index(&v), 0);
	return &v;
}

struct making {
	const struct made_options *o;
	const struct records_vocabulary *v;
	struct store *s;
	uint64_t random, call_no;
	int64_t at_ms;
	uint32_t operator_id, person, department;
	bool message;
	unsigned count;
	struct records_step step[STEPS_MAX];
	struct terms_seen seen;
};

static unsigned below(struct making *m, unsigned n)
{
	return (unsigned)(made_random(&m->random) % n);
}

static bool chance(struct making *m, unsigned percent)
{
	return below(m, 100) < percent;
}

/* --- names --- */

static const char *const surnames[] = {
    "王", "李", "张", "刘", "陈", "杨",	  "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡",
    "郭", "何", "林", "高", "罗", "欧阳", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓"};
static const char *const givens[] = {"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋",
				     "勇", "艳", "杰", "涛", "明", "超", "秀", "霞", "平", "刚",
				     "桂", "文", "建", "国", "志", "海", "春", "云", "三", "丰"};
static const char *const firms[] = {"华建工程", "北坡建材", "石桥监理", "远山广告", "青禾园艺",
				    "白鹭设计", "远岫律师", "清和苑",	"南江电力", "东湖测绘"};

void made_person(uint32_t id, char name[RECORDS_NAME])
{
	uint64_t h = hash_mix(id * 77 + 1);

	memset(name, 0, RECORDS_NAME);
	(void)text_append(name, RECORDS_NAME, "%s%s%s", surnames[h % COUNT(surnames)],
			  givens[(h >> 8) % COUNT(givens)],
			  (h >> 16) % 3 ? givens[(h >> 24) % COUNT(givens)] : "");
}

void made_caller(uint64_t i, char number[RECORDS_NUMBER], char name[RECORDS_NAME])
{
	uint64_t h = hash_mix(i + 5000);

	memset(number, 0, RECORDS_NUMBER);
	memset(name, 0, RECORDS_NAME);
	if (h % 4)
		(void)text_append(number, RECORDS_NUMBER, "1%u%08u", 30 + (unsigned)(h >> 8) % 60,
				  (unsigned)((h >> 16) % 100000000));
	else
		(void)text_append(number, RECORDS_NUMBER, "0755%08u",
				  20000000 + (unsigned)((h >> 16) % 60000000));
	if (i % 10 < 3)
		(void)text_append(name, RECORDS_NAME, "%s%s %s",
				  surnames[(h >> 40) % COUNT(surnames)],
				  h >> 50 & 1 ? "先生" : "女士", firms[(h >> 51) % COUNT(firms)]);
}

/* --- one call's steps --- */

static struct records_step *step(struct making *m, enum step kind, unsigned after_ms,
				 const char *clause)
{
	struct records_step *s = &m->step[m->count < STEPS_MAX ? m->count++ : STEPS_MAX - 1];
	const struct records_vocabulary *v = m->v;

	memset(s, 0, sizeof(*s));
	m->at_ms += after_ms;
	s->call_no = m->call_no;
	s->org = m->o->org;
	s->seq = m->count;
	s->at_ms = m->at_ms;
	s->kind = (uint16_t)kind;
	s->clause = records_vocabulary_find(v->clauses, v->clause_count, clause);
	return s;
}

static void aim(struct making *m, struct records_step *s)
{
	s->person = m->person;
	s->department = m->department;
	s->extension = m->person ? 100 + m->person : 0;
	if (m->person)
		made_person(m->person, s->name);
	else if (m->department)
		(void)text_append(s->name, sizeof(s->name), "第%u部", m->department);
}

static void choose(struct making *m)
{
	m->person = chance(m, 80) ? 7 + below(m, MADE_PEOPLE - 7) : 0;
	m->department =
	    m->person ? m->person % MADE_DEPARTMENTS + 1 : 1 + below(m, MADE_DEPARTMENTS);
}

static void ended(struct making *m, unsigned after_ms, const char *why)
{
	const struct records_vocabulary *v = m->v;
	struct records_step *s = step(m, STEP_ENDED, after_ms, "house");

	TEXT_COPY(s->text, why);
	s->value = records_vocabulary_find(v->ends, v->end_count, why);
}

/* Talks so long that A3.10 has a word; what is left of it. */
static unsigned talk_long(struct making *m, unsigned talk_ms, int32_t limit_ms)
{
	if (talk_ms <= LONG_MS)
		return talk_ms;
	aim(m, step(m, limit_ms ? STEP_LONG_CALL : STEP_LONG_CALL_EXEMPT, LONG_MS, "A3.10"));
	if (limit_ms && chance(m, 30))
		step(m, STEP_LONG_CALL_LATER, 1, "A3.10")->person = m->operator_id;
	return talk_ms - LONG_MS;
}

static void talk(struct making *m, uint16_t trunk, int32_t limit_ms)
{
	struct records_step *s = step(m, STEP_CONNECTED, 2000 + below(m, 9000), "A4.1.2");
	unsigned talk_ms = 15000 + below(m, 180000);

	aim(m, s);
	s->trunk = trunk;
	s->value = limit_ms;
	if (chance(m, 3))
		talk_ms += 300000 + below(m, 1200000);
	talk_ms = talk_long(m, talk_ms, limit_ms);
	ended(m, talk_ms, chance(m, 60) ? "caller_hung_up" : "callee_hung_up");
}

static void leave_message(struct making *m)
{
	aim(m, step(m, STEP_MESSAGE_KEPT, 20000 + below(m, 30000), "A5.7"));
	m->message = true;
	ended(m, 3000, "caller_hung_up");
}

/* What becomes of a target that rings; by_hand: an operator sent the call there. */
static void outcome(struct making *m, bool by_hand)
{
	unsigned n = below(m, 100);
	enum step what = n < 70	  ? STEP_CONNECTED
			 : n < 78 ? STEP_TARGET_BUSY
			 : n < 95 ? STEP_TARGET_NO_ANSWER
			 : n < 98 ? STEP_TARGET_REFUSED
				  : STEP_TARGET_UNREACHABLE;

	aim(m, step(m, STEP_TARGET, 400, "A4.1.2"));
	if (what == STEP_CONNECTED || what == STEP_TARGET_NO_ANSWER)
		step(m, STEP_TARGET_RINGING, 100, "house");
	if (by_hand && chance(m, 60))
		step(m, STEP_LET_GO, 1500, "house");
	if (what == STEP_CONNECTED) {
		talk(m, 0, LONG_MS);
		return;
	}
	aim(m, step(m, what, what == STEP_TARGET_NO_ANSWER ? 20000 : 300, "A4.1.2"));
	if (by_hand) {
		step(m, STEP_RETURNED, 100, "house");
		step(m, STEP_TAKEN_BACK, 3000 + below(m, 8000), "house")->person = m->operator_id;
	}
	if (chance(m, 55))
		leave_message(m);
	else
		ended(m, 4000 + below(m, 9000), chance(m, 50) ? "told" : "caller_hung_up");
}

static void general_manager(struct making *m)
{
	m->person = 1;
	m->department = 1;
	aim(m, step(m, STEP_SCREENED_FORM, 15000 + below(m, 15000), "A4.1.3"));
	aim(m, step(m, STEP_CONSULTATION, 800, "A4.1.3"));
	aim(m, step(m, STEP_CONSULTED, 6000, "A4.1.3"));
	if (chance(m, 60)) {
		aim(m, step(m, STEP_CONSENT, 9000, "A4.1.3"));
		talk(m, 0, 0); /* the post is exempt */
	} else {
		aim(m, step(m, STEP_CONSENT_REFUSED, 9000, "A4.1.3"));
		leave_message(m);
	}
}

static void at_the_desk(struct making *m)
{
	unsigned n = below(m, 100);

	step(m, STEP_GREETED, 500, "A4.1.1");
	choose(m);
	m->at_ms += 5000 + below(m, 12000);
	if (n < 4) {
		general_manager(m);
	} else if (n < 6) {
		m->person = 0;
		m->department = 3;
		aim(m, step(m, STEP_COMPLAINT, 9000, "A4.1.6"));
		aim(m, step(m, STEP_CUSTOMER_SERVICE, 300, "A4.1.6"));
		talk(m, 0, LONG_MS);
	} else if (n < 12) {
		aim(m, step(m, STEP_TOLD, 4000, "A4.1.5"));
		ended(m, 4000, "caller_hung_up");
	} else {
		outcome(m, true);
	}
}

static void by_attendant(struct making *m)
{
	struct records_step *s;

	step(m, STEP_ANSWERED_ATTENDANT, 5, "A4.2");
	if (chance(m, 15)) {
		ended(m, 2000 + below(m, 9000), "caller_hung_up");
		return;
	}
	step(m, STEP_ANNOUNCED, 9000, "A4.2");
	choose(m);
	if (chance(m, 12)) {
		step(m, STEP_ENQUIRY, 3000, "A4.1.5");
		aim(m, step(m, STEP_TOLD, 15000, "A4.1.5"));
	}
	s = step(m, STEP_DIALLED, 2500, "A4.2");
	(void)text_append(s->text, sizeof(s->text), "%u",
			  m->person ? 8000 + m->person : 8600 + m->department);
	outcome(m, false);
}

static void incoming(struct making *m, bool manual)
{
	struct records_step *s = step(m, STEP_ARRIVED, 0, "house");
	unsigned n = below(m, 100), ring = n < 65 ? 1 : n < 90 ? 2 : 3;

	s->trunk = (uint16_t)(1 + below(m, 3));
	TEXT_COPY(s->text, "8000");
	if (!chance(m, 5))
		made_caller(made_random(&m->random) % MADE_CALLERS, s->caller, s->name);
	step(m, STEP_RINGING, 1, "house")->value = manual ? 3 : 0;
	if (!manual) {
		by_attendant(m);
	} else if (chance(m, 3)) {
		ended(m, 500 + below(m, 10000), "caller_hung_up");
	} else if (chance(m, 5)) {
		m->at_ms += 11000;
		if (chance(m, 60)) {
			by_attendant(m);
			return;
		}
		step(m, STEP_ANSWERED_ATTENDANT, 5, "A4.2");
		step(m, STEP_TAKEN_BACK, 2000 + below(m, 5000), "house")->person = m->operator_id;
		at_the_desk(m);
	} else {
		s = step(m, STEP_ANSWERED_OPERATOR, (ring - 1) * 5000 + below(m, 3000), "A4.1.1");
		s->person = m->operator_id;
		s->value = (int32_t)ring;
		at_the_desk(m);
	}
}

static void from_inside(struct making *m, bool out)
{
	struct records_step *s = step(m, STEP_ARRIVED, 0, "house");
	uint32_t person = 1 + below(m, MADE_PEOPLE);
	char number[RECORDS_NUMBER], name[RECORDS_NAME];

	s->extension = 100 + person;
	(void)text_append(s->caller, sizeof(s->caller), "%u", 8000 + person);
	made_person(person, s->name);
	if (!out) {
		choose(m);
		(void)text_append(s->text, sizeof(s->text), "%u",
				  m->person ? 8000 + m->person : 8600 + m->department);
		outcome(m, false);
		return;
	}
	made_caller(made_random(&m->random) % MADE_CALLERS, number, name);
	(void)text_append(s->text, sizeof(s->text), "9%s", number);
	m->person = m->department = 0;
	s = step(m, STEP_TARGET, 2, "house");
	s->trunk = (uint16_t)(1 + below(m, 3));
	if (chance(m, 75))
		talk(m, s->trunk, LONG_MS);
	else
		ended(m, 20000, "no_answer");
}

/* --- writing --- */

static int write_message(struct making *m, const struct records_call *c)
{
	struct records_message message = {.org = c->org,
					  .call_no = c->call_no,
					  .kept_at_ms = c->ended_ms - 3000,
					  .for_person = m->person,
					  .for_department = m->person ? 0 : m->department};
	const struct store_value heard[] = {STORE_I(c->org), STORE_I(30000 + below(m, 1800000)),
					    STORE_I(c->call_no)};
	int err;

	TEXT_COPY(message.from_number, c->caller_number);
	err = records_write_message(m->s, m->v, &message);
	return err || chance(m, 3) ? err : store_queue(m->s, &sql_heard, heard, 3);
}

static int write_call(struct making *m)
{
	struct records_call c = {0};
	struct call_written row = {m->v, &c, "", &m->seen, true, true, NULL};
	int err = 0;

	for (unsigned i = 0; i < m->count && !err; i++) {
		records_fold(m->v, &c, &m->step[i]);
		err = records_write_step(m->s, m->v, &m->step[i]);
	}
	if (!err)
		err = records_write_derived(m->s, &row);
	return err || !m->message ? err : write_message(m, &c);
}

static int make_call(struct making *m, int64_t at_ms, bool office)
{
	unsigned n = below(m, 100);

	m->call_no++;
	m->at_ms = at_ms;
	m->count = 0;
	m->message = false;
	m->person = m->department = 0;
	m->operator_id = 1 + below(m, MADE_OPERATORS);
	if (n < 75)
		incoming(m, office);
	else
		from_inside(m, n >= 87);
	return write_call(m);
}

/* How busy an hour is, in thousandths of the busiest. */
static unsigned weight(int64_t hour, bool *office)
{
	static const uint16_t day[24] = {2,   1,   1,	1,   1,	  2,   6,   30, 300, 900, 1000, 850,
					 350, 400, 900, 950, 900, 700, 250, 60, 30,  15,  8,	4};
	int64_t local = hour + 8;
	int64_t weekday = (local / 24 + 4) % 7; /* 0 Sunday */
	unsigned busy = day[local % 24];

	*office = weekday != 0 && weekday != 6 && local % 24 >= 9 && local % 24 < 18;
	return weekday == 0 ? busy / 20 + 1 : weekday == 6 ? busy / 8 + 1 : busy;
}

int made_calls(struct store *s, const struct made_options *o, uint64_t *steps)
{
	int64_t to = MADE_END_MS / HOUR_MS, from = to - (int64_t)o->months * 30 * 24;
	struct making *m = calloc(1, sizeof(*m));
	uint64_t total = 0, so_far = 0, written = 0, in_group = 0;
	bool office = false;
	int err = m ? store_begin(s) : ENOMEM;

	for (int64_t h = from; h < to; h++)
		total += weight(h, &office);
	if (m) {
		m->o = o;
		m->v = made_vocabulary();
		m->s = s;
		m->random = o->seed;
	}
	for (int64_t h = from; h < to && !err; h++) {
		uint64_t was = so_far * o->count / total, n;

		so_far += weight(h, &office);
		n = so_far * o->count / total - was;
		for (uint64_t i = 0; i < n && !err; i++) {
			err = make_call(m, h * HOUR_MS + (int64_t)((i * 2 + 1) * HOUR_MS / (2 * n)),
					office);
			written += m->count;
			if (err || ++in_group < GROUP)
				continue;
			in_group = 0;
			err = store_commit(s);
			if (!err)
				err = store_begin(s);
		}
	}
	if (!err) {
		const struct store_value next = STORE_I(m->call_no + 1);

		err = store_run(s, &sql_next, &next, 1, NULL, NULL);
	}
	if (!err)
		err = store_commit(s);
	else if (m)
		store_rollback(s);
	free(m);
	if (!err)
		*steps = written;
	return err;
}
