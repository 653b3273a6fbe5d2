/*
 * Finding calls. A parameter that is 0 or "" takes its condition away, also from PostgreSQL's
 * estimate of how many calls fit: it plans each question for its values (store/postgres.c).
 *
 * Without a text the index calls_thin answers alone, newest first, however few calls fit. With one
 * (number, last digits, or the middle of a name or number) there are two ways: from the terms that
 * fit to their calls, while both are few; else the newest calls are looked through, which soon
 * gives a page just because so many fit. Which way it is, is counted first, up to a limit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "records/priv.h"
#include "records/query.h"

#define GRAM_RARE 200

/* $1 org, $2 from, $3 to, $4 outcome, $5 direction, $6 clause, $7 marks, $8 person, $9 department,
 * $10 extension, $11 open only, $12 own person, $13 own extension, $14, $15 cursor, $16 limit,
 * $17 operator, $18 line */
#define THIN                                                                                       \
	" x.org = $1 AND x.started_ms >= $2 AND x.started_ms < $3 AND x.call_no > 0"               \
	" AND (CAST($4 AS TEXT) = '' OR x.outcome = $4)"                                           \
	" AND (CAST($5 AS TEXT) = '' OR x.direction = $5)"                                         \
	" AND (CAST($6 AS BIGINT) = 0 OR (x.clauses & $6) = $6)"                                   \
	" AND (CAST($7 AS BIGINT) = 0 OR (x.marks & $7) = $7)"                                     \
	" AND (CAST($8 AS BIGINT) = 0 OR x.target_person = $8)"                                    \
	" AND (CAST($9 AS BIGINT) = 0 OR x.target_department = $9)"                                \
	" AND (CAST($10 AS BIGINT) = 0 OR x.caller_extension = $10 OR x.target_extension = $10)"   \
	" AND (CAST($11 AS BIGINT) = 0 OR x.ended_ms = 0)"                                         \
	" AND (CAST($12 AS BIGINT) = 0 OR x.target_person = $12"                                   \
	" OR (CAST($13 AS BIGINT) <> 0 AND x.caller_extension = $13))"                             \
	" AND (CAST($14 AS BIGINT) = 0 OR x.started_ms < $14"                                      \
	" OR (x.started_ms = $14 AND x.call_no < CAST($15 AS BIGINT)))"                            \
	" AND (CAST($17 AS BIGINT) = 0 OR x.operator = $17)"                                       \
	" AND (CAST($18 AS BIGINT) = 0 OR x.line = $18)"
/* $19 number, $20 its end: digits last first, $21 the end as a pattern, $22 the middle as one */
#define TEXTS                                                                                      \
	" AND (CAST($19 AS TEXT) = '' OR x.caller_number = $19 OR x.dialled = $19"                 \
	" OR x.chosen = $19)"                                                                      \
	" AND (CAST($20 AS TEXT) = '' OR x.caller_tail LIKE $20 || '%'"                            \
	" OR x.dialled LIKE CAST($21 AS TEXT) OR x.chosen LIKE $21)"                               \
	" AND (CAST($22 AS TEXT) = '' OR LOWER(x.caller_name) LIKE LOWER($22) ESCAPE '\\'"         \
	" OR LOWER(x.target_name) LIKE LOWER($22) ESCAPE '\\'"                                     \
	" OR LOWER(x.caller_number) LIKE LOWER($22) ESCAPE '\\'"                                   \
	" OR LOWER(x.dialled) LIKE LOWER($22) ESCAPE '\\'"                                         \
	" OR LOWER(x.chosen) LIKE LOWER($22) ESCAPE '\\')"
#define NEWEST(a) " ORDER BY " a ".started_ms DESC, " a ".call_no DESC"
#define PAGE(body)                                                                                 \
	"SELECT " RECORDS_CALL_COLUMNS " FROM (SELECT x.call_no FROM " body NEWEST(                \
	    "x") " LIMIT CAST($16 AS BIGINT)) h CROSS JOIN calls c WHERE c.call_no = "             \
		 "h.call_no" NEWEST("c")
/* PostgreSQL fetches a row before it looks at columns of the index that aren't searched by: so the
 * thin rows come by themselves first, in order, and only those that fit are fetched. */
#define THIN_FIRST                                                                                 \
	"(SELECT x.call_no, x.started_ms FROM calls x WHERE" THIN NEWEST(                          \
	    "x") " LIMIT 1000000000000) k CROSS JOIN calls x WHERE x.call_no = k.call_no"
#define PAGE_THIN_FIRST                                                                            \
	"SELECT " RECORDS_CALL_COLUMNS " FROM (SELECT x.call_no FROM " THIN_FIRST TEXTS NEWEST(    \
	    "k") " LIMIT CAST($16 AS BIGINT)) h CROSS JOIN calls c WHERE c.call_no = "             \
		 "h.call_no" NEWEST("c")
#define FROM_TERMS(found)                                                                          \
	"(SELECT DISTINCT ct.call_no FROM (" found ") f CROSS JOIN call_terms ct"                  \
	" WHERE ct.org = $1 AND ct.term = f.id AND ct.started_ms >= $2 AND ct.started_ms < $3) k"  \
	" CROSS JOIN calls x WHERE x.call_no = k.call_no AND" THIN TEXTS

/* Terms by the number itself, by its end, by a gram and what stands around it. */
#define FOUND_NUMBER "SELECT CAST($23 AS BIGINT) AS id"
#define FOUND_END                                                                                  \
	"SELECT t.id FROM terms t WHERE t.org = $1 AND t.tail <> '' AND t.tail >= $20"             \
	" AND t.tail < $20 || ':'"
#define FOUND_GRAM                                                                                 \
	"SELECT t.id FROM term_grams g CROSS JOIN terms t WHERE g.org = $1"                        \
	" AND g.gram >= CAST($23 AS BIGINT) AND g.gram < CAST($24 AS BIGINT)"                      \
	" AND t.org = g.org AND t.id = g.term AND t.term LIKE $22 ESCAPE '\\'"

enum way {
	WAY_PLAIN,
	WAY_LOOK,
	WAY_LOOK_THIN, /* the same for PostgreSQL */
	WAY_NUMBER,
	WAY_END,
	WAY_GRAM,
	WAY_NOTHING
};
#define WAYS WAY_NOTHING

static const struct store_statement sql_page[WAYS] = {
    [WAY_PLAIN] = {"records_calls_plain", PAGE("calls x WHERE" THIN)},
    [WAY_LOOK] = {"records_calls_look", PAGE("calls x WHERE" THIN TEXTS)},
    [WAY_LOOK_THIN] = {"records_calls_look_thin", PAGE_THIN_FIRST},
    [WAY_NUMBER] = {"records_calls_number", PAGE(FROM_TERMS(FOUND_NUMBER))},
    [WAY_END] = {"records_calls_end", PAGE(FROM_TERMS(FOUND_END))},
    [WAY_GRAM] = {"records_calls_gram", PAGE(FROM_TERMS(FOUND_GRAM))},
};
static const unsigned page_values[WAYS] = {[WAY_PLAIN] = 18,  [WAY_LOOK] = 22, [WAY_LOOK_THIN] = 22,
					   [WAY_NUMBER] = 23, [WAY_END] = 22,  [WAY_GRAM] = 24};

/* How many terms, and how many calls in the range they lead to; each up to a limit. $1 org, $2
 * from, $3 to, then what finds the terms. */
#define COUNTED(found)                                                                             \
	"SELECT (SELECT COUNT(*) FROM (" found " LIMIT 2001) a),"                                  \
	" (SELECT COUNT(*) FROM (SELECT ct.call_no FROM (" found " LIMIT 2001) f"                  \
	" CROSS JOIN call_terms ct WHERE ct.org = $1 AND ct.term = f.id"                           \
	" AND ct.started_ms >= $2 AND ct.started_ms < $3 LIMIT 20001) b)"
#define TERMS_FEW 2000
#define CALLS_FEW 20000
static const struct store_statement sql_count_number = {"records_count_number",
							COUNTED("SELECT CAST($4 AS BIGINT) AS id")};
static const struct store_statement sql_count_end = {
    "records_count_end", COUNTED("SELECT t.id FROM terms t WHERE t.org = $1 AND t.tail <> ''"
				 " AND t.tail >= CAST($4 AS TEXT) AND t.tail < $4 || ':'")};
static const struct store_statement sql_count_gram = {
    "records_count_gram",
    COUNTED("SELECT t.id FROM term_grams g CROSS JOIN terms t WHERE g.org = $1"
	    " AND g.gram >= CAST($4 AS BIGINT) AND g.gram < CAST($5 AS BIGINT)"
	    " AND t.org = g.org AND t.id = g.term AND t.term LIKE $6 ESCAPE '\\'")};
static const struct store_statement sql_gram_look = {
    "records_gram_look", "SELECT COUNT(*) FROM (SELECT g.term FROM term_grams g WHERE g.org = $1"
			 " AND g.gram >= $2 AND g.gram < $3 LIMIT 5001) a"};

/* %text% with LIKE's own characters taken for what they are. "" stays "". */
#define PATTERN_MAX (2 * RECORDS_NAME + 3)

struct question {
	const struct records_call_filter *f;
	int64_t from_ms, to_ms, gram, gram_end, number_id;
	uint32_t clause;
	char number[RECORDS_NAME], text[RECORDS_NAME], like[PATTERN_MAX];
	char tail[RECORDS_NUMBER], end_like[RECORDS_NUMBER + 1];
};

static void pattern(const char *text, char out[PATTERN_MAX])
{
	size_t n = 0;

	out[0] = '\0';
	if (!text[0])
		return;
	out[n++] = '%';
	for (; *text; text++) {
		if (*text == '%' || *text == '_' || *text == '\\')
			out[n++] = '\\';
		out[n++] = *text;
	}
	out[n++] = '%';
	out[n] = '\0';
}

static bool short_text(const char *text)
{
	return !text || (strlen(text) < RECORDS_NAME && text_utf8_valid(text, strlen(text)));
}

/* The digits of `digits` from the end, and the same as a pattern for numbers that aren't turned. */
static void ending(struct question *q, const char *digits)
{
	size_t n;

	records_number_tail(q->tail, sizeof(q->tail), digits);
	n = strlen(q->tail);
	q->end_like[0] = '%';
	for (size_t i = 0; i < n; i++)
		q->end_like[1 + i] = q->tail[n - 1 - i];
}

static int question_make(struct question *q, const struct records_call_filter *f)
{
	char lower[RECORDS_NAME];

	if (!short_text(f->number) || !short_text(f->clause) || !short_text(f->outcome) ||
	    !short_text(f->direction) || !short_text(f->text))
		return EINVAL;
	memset(q, 0, sizeof(*q));
	q->f = f;
	q->from_ms = f->from_ms;
	q->to_ms = f->to_ms ? f->to_ms : INT64_MAX;
	if (f->clause && f->clause[0]) {
		q->clause = records_clause_bit(f->clause);
		if (!q->clause)
			return EINVAL;
	}
	text_copy(q->number, sizeof(q->number), f->number);
	records_term_lower(lower, sizeof(lower), q->number);
	q->number_id = records_term_id(f->org, lower);
	records_term_lower(q->text, sizeof(q->text), f->text ? f->text : "");
	pattern(q->text, q->like);
	if (f->last_digits)
		ending(q, f->last_digits);
	return 0;
}

/* --- which way --- */

static int count_row(const struct store_row *row, void *arg)
{
	int64_t *n = arg;

	n[0] = store_row_int(row, 0);
	n[1] = store_row_int(row, 1);
	return 0;
}

static int one_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

/* The rarest gram of the text; of a single character all grams that begin with it. */
static int gram_choose(struct store *s, struct question *q)
{
	const char *p = q->text, *after = q->text;
	int64_t least = INT64_MAX;
	int err = 0;

	q->gram = records_gram_next(&p);
	q->gram_end = q->gram + 1;
	if (!*p) {
		/* its own gram has no second character: the lowest of them */
		q->gram_end = q->gram + (INT64_C(1) << 21);
		return 0;
	}
	while (!err && least > GRAM_RARE) {
		int64_t gram = records_gram_next(&after), n = 0;
		const struct store_value v[] = {STORE_I(q->f->org), STORE_I(gram),
						STORE_I(gram + 1)};

		if (!*after) /* the last character alone */
			break;
		err = store_run(s, &sql_gram_look, v, 3, one_row, &n);
		if (err || n >= least)
			continue;
		least = n;
		q->gram = gram;
		q->gram_end = gram + 1;
	}
	return err;
}

static int count(struct store *s, const struct question *q, enum way way, int64_t n[2])
{
	struct store_value v[6] = {STORE_I(q->f->org), STORE_I(q->from_ms), STORE_I(q->to_ms)};

	if (way == WAY_NUMBER) {
		v[3] = STORE_I(q->number_id);
		return store_run(s, &sql_count_number, v, 4, count_row, n);
	}
	if (way == WAY_END) {
		v[3] = STORE_S(q->tail);
		return store_run(s, &sql_count_end, v, 4, count_row, n);
	}
	v[3] = STORE_I(q->gram);
	v[4] = STORE_I(q->gram_end);
	v[5] = STORE_S(q->like);
	return store_run(s, &sql_count_gram, v, 6, count_row, n);
}

static int way_choose(struct store *s, struct question *q, enum way *way)
{
	int64_t n[2] = {0, 0};
	int err = 0;

	*way = q->number[0] ? WAY_NUMBER : q->tail[0] ? WAY_END : q->text[0] ? WAY_GRAM : WAY_PLAIN;
	if (*way == WAY_PLAIN)
		return 0;
	if (*way == WAY_GRAM)
		err = gram_choose(s, q);
	if (!err)
		err = count(s, q, *way, n);
	if (err)
		return err;
	if (n[1] == 0)
		*way = WAY_NOTHING;
	else if (n[0] > TERMS_FEW || n[1] > CALLS_FEW)
		*way = store_engine_of(s) == STORE_POSTGRES ? WAY_LOOK_THIN : WAY_LOOK;
	return 0;
}

int records_calls(struct records_db *db, const struct records_call_filter *f, records_call_h *h,
		  void *arg)
{
	struct records_call_rows rows = {.h = h, .arg = arg};
	struct question q;
	enum way way = WAY_PLAIN;
	int err = question_make(&q, f);

	if (!err)
		err = way_choose(db->s, &q, &way);
	if (err || way == WAY_NOTHING)
		return err;
	const bool whole = f->limit == 0 || f->limit > RECORDS_PAGE_MAX;
	const struct store_value v[] = {
	    STORE_I(f->org),
	    STORE_I(q.from_ms),
	    STORE_I(q.to_ms),
	    STORE_S(f->outcome),
	    STORE_S(f->direction),
	    STORE_I(q.clause),
	    STORE_I(f->marks),
	    STORE_I(f->target_person),
	    STORE_I(f->target_department),
	    STORE_I(f->extension),
	    STORE_I(f->open_only),
	    STORE_I(f->own_person),
	    STORE_I(f->own_extension),
	    STORE_I(f->before_started_ms),
	    STORE_I(f->before_call_no),
	    STORE_I(whole ? RECORDS_PAGE_MAX : f->limit),
	    STORE_I(f->operator_person),
	    STORE_I(f->line),
	    STORE_S(q.number),
	    STORE_S(q.tail),
	    STORE_S(q.end_like),
	    STORE_S(q.like),
	    STORE_I(way == WAY_NUMBER ? q.number_id : q.gram),
	    STORE_I(q.gram_end),
	};
	return store_run(db->s, &sql_page[way], v, page_values[way], records_call_row_read, &rows);
}
