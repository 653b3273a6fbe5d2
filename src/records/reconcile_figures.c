/*
 * The figures recomputed from the event log. This SQL was written from what the figures mean
 * (marks.def, figures.def) and shares nothing with facts.c and figures.c: what one of them gets
 * wrong the other one shows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "records/figures.h"
#include "records/priv.h"

#define WINDOW_HOURS (24 * 31) /* recomputed at once */

/* $1 org, $2 from, $3 to: calls that began in it and have ended, by their steps up to the end. */
static const struct store_statement sql_recompute = {
    "records_figures_recompute",
    "WITH span AS ( "
    "SELECT b.call_no, MIN(b.at_ms) AS began_ms, MIN(e.seq) AS last_seq "
    "FROM steps b CROSS JOIN steps e "
    "WHERE b.org = $1 AND b.seq = 1 AND b.at_ms >= $2 AND b.at_ms < $3 "
    "AND e.call_no = b.call_no AND e.kind IN ('ended', 'restarted') "
    "GROUP BY b.call_no "
    "), log AS ( "
    "SELECT span.began_ms, s.call_no, s.seq, s.at_ms, s.kind, s.value, s.person, "
    "s.department, "
    "s.extension, s.trunk, s.text "
    "FROM span CROSS JOIN steps s WHERE s.call_no = span.call_no AND s.seq <= span.last_seq "
    "), offers AS ( "
    "SELECT call_no, MIN(CASE WHEN kind = 'ringing' AND value > 0 THEN seq END) AS offered, "
    "MIN(CASE WHEN kind IN ('answered_operator', 'taken_back') THEN seq END) AS hand, "
    "MAX(CASE WHEN kind IN ('answered_operator', 'taken_back') THEN seq END) AS last_hand, "
    "MIN(CASE WHEN kind IN ('answered_operator', 'taken_back') AND person > 0 THEN seq END) "
    "AS named, "
    "MIN(CASE WHEN kind = 'answered_attendant' THEN seq END) AS attended, "
    "MIN(CASE WHEN kind = 'connected' THEN seq END) AS joined, "
    "MIN(CASE WHEN trunk > 0 THEN seq END) AS by_trunk, "
    "MAX(CASE WHEN kind IN ('connected', 'picked_up', 'target', 'secretary', 'gad', "
    "'gad_manager', "
    "'customer_service', 'consultation', 'forwarded') "
    "AND (person > 0 OR department > 0 OR extension > 0 OR trunk > 0) THEN seq END) AS aim, "
    "MAX(seq) AS last "
    "FROM log GROUP BY call_no "
    "), firsts AS ( "
    "SELECT o.call_no, "
    "MIN(CASE WHEN l.kind = 'answered_operator' AND l.value > 0 AND l.seq > o.offered "
    "THEN l.seq END) AS person, "
    "MIN(CASE WHEN l.kind = 'answered_attendant' AND l.seq > o.offered THEN l.seq END) AS "
    "attendant "
    "FROM offers o CROSS JOIN log l WHERE l.call_no = o.call_no GROUP BY o.call_no "
    "), hands AS ( "
    "SELECT call_no, SUM(CASE WHEN kind IN ('answered_operator', 'taken_back', "
    "'operator_retrieved') "
    "AND next_ms > at_ms THEN next_ms - at_ms ELSE 0 END) AS ms "
    "FROM (SELECT call_no, kind, at_ms, "
    "LEAD(at_ms) OVER (PARTITION BY call_no ORDER BY seq) AS next_ms FROM log "
    "WHERE kind IN ('answered_operator', 'taken_back', 'operator_retrieved', 'connected', "
    "'let_go', "
    "'operator_held', 'handed_over', 'desk_vanished', 'message_asked', 'ended', "
    "'restarted')) d "
    "GROUP BY call_no "
    "), facts AS ( "
    "SELECT o.call_no, MIN(l.began_ms) AS began_ms, MIN(o.offered) AS offered, "
    "MIN(o.hand) AS hand, MIN(o.last_hand) AS last_hand, MIN(o.attended) AS attended, "
    "MIN(o.joined) AS joined, MIN(f.person) AS person, MIN(f.attendant) AS attendant, "
    "MAX(CASE WHEN l.seq = o.named THEN l.person ELSE 0 END) AS operator, "
    "MAX(CASE WHEN l.seq = o.aim THEN l.department ELSE 0 END) AS department, "
    "MAX(CASE WHEN l.seq = o.by_trunk THEN l.trunk ELSE 0 END) AS line, "
    "MAX(CASE WHEN l.kind = 'arrived' THEN l.trunk ELSE 0 END) AS from_trunk, "
    "MAX(CASE WHEN l.seq = o.offered THEN l.at_ms END) AS rung_ms, "
    "MAX(CASE WHEN l.seq = f.person THEN l.at_ms END) AS person_ms, "
    "MAX(CASE WHEN l.seq = f.person THEN l.value END) AS ring, "
    "MAX(CASE WHEN l.seq = o.joined THEN l.at_ms END) AS joined_ms, "
    "MAX(CASE WHEN l.seq = o.joined THEN l.value END) AS limit_ms, "
    "MAX(CASE WHEN l.seq = o.last THEN l.at_ms END) AS over_ms, "
    "MAX(CASE WHEN l.kind = 'ended' AND l.text = 'caller_hung_up' THEN 1 ELSE 0 END) AS "
    "left_it, "
    "MAX(CASE WHEN l.kind = 'target_busy' THEN 1 ELSE 0 END) AS busy, "
    "MAX(CASE WHEN l.kind = 'target_no_answer' THEN 1 ELSE 0 END) AS no_answer, "
    "MAX(CASE WHEN l.kind IN ('target_refused', 'consent_refused') THEN 1 ELSE 0 END) AS "
    "refused, "
    "MAX(CASE WHEN l.kind IN ('target_unreachable', 'target_vacant', 'no_trunk') "
    "THEN 1 ELSE 0 END) AS unreachable, "
    "MAX(CASE WHEN l.kind = 'returned' THEN 1 ELSE 0 END) AS returned, "
    "MAX(CASE WHEN l.kind = 'message_kept' THEN 1 ELSE 0 END) AS message, "
    "MAX(CASE WHEN l.kind IN ('complaint', 'customer_service') THEN 1 ELSE 0 END) AS "
    "complaint, "
    "MAX(CASE WHEN l.kind IN ('enquiry', 'told') THEN 1 ELSE 0 END) AS enquiry, "
    "MAX(CASE WHEN l.kind = 'consultation' THEN 1 ELSE 0 END) AS consulted, "
    "MAX(CASE WHEN l.kind = 'long_call' THEN 1 ELSE 0 END) AS told_long, "
    "MAX(CASE WHEN l.kind = 'long_call_later' THEN 1 ELSE 0 END) AS put_off, "
    "MAX(CASE WHEN l.kind = 'long_call_exempt' THEN 1 ELSE 0 END) AS spared "
    "FROM offers o CROSS JOIN log l CROSS JOIN firsts f "
    "WHERE l.call_no = o.call_no AND f.call_no = o.call_no GROUP BY o.call_no "
    "), ways AS ( "
    "SELECT facts.*, hands.ms AS hands_ms, CASE WHEN offered IS NULL THEN 'none' "
    "WHEN person IS NOT NULL AND (attendant IS NULL OR person < attendant) THEN 'person' "
    "WHEN attendant IS NOT NULL THEN 'attendant' "
    "WHEN left_it = 1 AND joined IS NULL THEN 'left' ELSE 'other' END AS way "
    "FROM facts LEFT JOIN hands ON hands.call_no = facts.call_no "
    "), counted AS ( "
    "SELECT began_ms / 3600000 AS hour, operator, department, line, 1 AS calls, "
    "CASE WHEN from_trunk > 0 THEN 1 ELSE 0 END AS incoming, "
    "CASE WHEN from_trunk = 0 AND line > 0 THEN 1 ELSE 0 END AS outgoing, "
    "CASE WHEN way <> 'none' THEN 1 ELSE 0 END AS offered, "
    "CASE WHEN way = 'person' THEN 1 ELSE 0 END AS within, "
    "CASE WHEN way = 'person' AND ring = 1 THEN 1 ELSE 0 END AS ring_1, "
    "CASE WHEN way = 'person' AND ring = 2 THEN 1 ELSE 0 END AS ring_2, "
    "CASE WHEN way = 'person' AND person_ms > rung_ms THEN person_ms - rung_ms ELSE 0 END "
    "AS answer_ms, "
    "CASE WHEN way = 'attendant' THEN 1 ELSE 0 END AS attendant, "
    "CASE WHEN way = 'attendant' AND last_hand > attendant THEN 1 ELSE 0 END AS taken_back, "
    "CASE WHEN way = 'left' THEN 1 ELSE 0 END AS given_up, "
    "CASE WHEN way = 'left' AND over_ms > rung_ms THEN over_ms - rung_ms ELSE 0 END AS "
    "given_up_ms, "
    "CASE WHEN way = 'other' THEN 1 ELSE 0 END AS otherwise, "
    "CASE WHEN attended IS NOT NULL AND (offered IS NULL OR offered > attended) "
    "AND (hand IS NULL OR hand > attended) THEN 1 ELSE 0 END AS automatic, "
    "CASE WHEN hand IS NOT NULL THEN 1 ELSE 0 END AS by_operator, "
    "COALESCE(hands_ms, 0) AS desk_ms, "
    "CASE WHEN joined IS NOT NULL THEN 1 ELSE 0 END AS connected, "
    "CASE WHEN over_ms > joined_ms THEN over_ms - joined_ms ELSE 0 END AS talk_ms, "
    "busy, no_answer, refused, unreachable, returned, message, complaint, enquiry, "
    "consulted, "
    "CASE WHEN limit_ms > 0 AND over_ms - joined_ms > limit_ms THEN 1 ELSE 0 END AS long, "
    "told_long, put_off, spared "
    "FROM ways "
    "), apart AS ( "
    "SELECT 0 AS kind, 0 AS item, counted.* FROM counted "
    "UNION ALL SELECT 1, operator, counted.* FROM counted WHERE operator > 0 "
    "UNION ALL SELECT 2, department, counted.* FROM counted WHERE department > 0 "
    "UNION ALL SELECT 3, line, counted.* FROM counted WHERE line > 0 "
    ") "
    "SELECT kind, hour, item, SUM(calls), SUM(incoming), SUM(outgoing), SUM(offered), "
    "SUM(within), "
    "SUM(ring_1), SUM(ring_2), SUM(answer_ms), SUM(attendant), SUM(taken_back), "
    "SUM(given_up), "
    "SUM(given_up_ms), SUM(otherwise), SUM(automatic), SUM(by_operator), SUM(desk_ms), "
    "SUM(connected), "
    "SUM(talk_ms), SUM(busy), SUM(no_answer), SUM(refused), SUM(unreachable), SUM(returned), "
    "SUM(message), SUM(complaint), SUM(enquiry), SUM(consulted), SUM(long), "
    "SUM(told_long), SUM(put_off), SUM(spared) "
    "FROM apart GROUP BY kind, hour, item ORDER BY kind, hour, item "};

static const struct store_statement sql_standing = {
    "records_figures_standing",
    "SELECT kind, hour, item, calls, incoming, outgoing, offered, within, ring_1, ring_2,"
    " answer_ms, attendant, taken_back, given_up, given_up_ms, otherwise, automatic, by_operator,"
    " desk_ms, connected, talk_ms, busy, no_answer, refused, unreachable, returned, messages,"
    " complaints, enquiries, consulted, long_calls, long_reminded, long_put_off, long_exempt"
    " FROM figures WHERE org = $1 AND hour >= $2 AND hour < $3 ORDER BY kind, hour, item"};
static const struct store_statement sql_first = {
    "records_log_first",
    "SELECT COALESCE(MIN(at_ms), 0), COALESCE(MAX(at_ms), 0) FROM steps WHERE org = $1"
    " AND seq = 1"};
static const struct store_statement sql_sealed = {
    "records_sealed_until", "SELECT COALESCE(MAX(until_ms), 0) FROM sealed WHERE org = $1"};

#define KEYS 3
struct line {
	int64_t v[KEYS + RECORDS_FIGURE_COUNT];
};
struct lines {
	struct line *v;
	size_t count, cap;
};

static int lines_row(const struct store_row *row, void *arg)
{
	struct lines *l = arg;

	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 1024;
		struct line *more = realloc(l->v, cap * sizeof(*more));

		if (!more)
			return ENOMEM;
		l->v = more;
		l->cap = cap;
	}
	for (unsigned i = 0; i < KEYS + RECORDS_FIGURE_COUNT; i++)
		l->v[l->count].v[i] = store_row_int(row, i);
	l->count++;
	return 0;
}

static int keys_compare(const struct line *a, const struct line *b)
{
	for (unsigned i = 0; i < KEYS; i++) {
		if (a->v[i] != b->v[i])
			return a->v[i] < b->v[i] ? -1 : 1;
	}
	return 0;
}

struct comparing {
	records_figure_difference_h *h;
	void *arg;
	uint64_t compared;
};

/* One of them may be NULL: no row stands, or none should. */
static int line_compare(struct comparing *c, const struct line *stands, const struct line *should)
{
	const struct line *key = stands ? stands : should;
	int err = 0;

	for (unsigned f = 0; f < RECORDS_FIGURE_COUNT && !err; f++) {
		const struct records_figure_difference d = {
		    .kind = (enum records_figures_kind)key->v[0],
		    .hour = key->v[1],
		    .item = key->v[2],
		    .figure = (enum records_figure)f,
		    .stands = stands ? stands->v[KEYS + f] : 0,
		    .should = should ? should->v[KEYS + f] : 0,
		};

		c->compared++;
		if (d.stands != d.should)
			err = c->h(&d, c->arg);
	}
	return err;
}

static int lines_compare(struct comparing *c, const struct lines *stand, const struct lines *should)
{
	size_t i = 0, k = 0;
	int err = 0;

	while (!err && (i < stand->count || k < should->count)) {
		const struct line *a = i < stand->count ? &stand->v[i] : NULL;
		const struct line *b = k < should->count ? &should->v[k] : NULL;
		int order = !a ? 1 : !b ? -1 : keys_compare(a, b);

		err = line_compare(c, order <= 0 ? a : NULL, order >= 0 ? b : NULL);
		i += order <= 0;
		k += order >= 0;
	}
	return err;
}

/* One state of the data for both questions: calls go on meanwhile. */
static int window(struct records_db *db, uint32_t org, int64_t from_hour, int64_t to_hour,
		  struct comparing *c)
{
	struct lines stand = {0}, should = {0};
	struct store_value v[] = {STORE_I(org), STORE_I(from_hour * RECORDS_HOUR_MS),
				  STORE_I(to_hour * RECORDS_HOUR_MS)};
	int err = store_begin_read(db->s);

	if (err)
		return err;
	err = store_run(db->s, &sql_recompute, v, 3, lines_row, &should);
	v[1] = STORE_I(from_hour);
	v[2] = STORE_I(to_hour);
	if (!err)
		err = store_run(db->s, &sql_standing, v, 3, lines_row, &stand);
	store_rollback(db->s);
	if (!err)
		err = lines_compare(c, &stand, &should);
	free(stand.v);
	free(should.v);
	return err;
}

static int two_row(const struct store_row *row, void *arg)
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

int records_log_span(struct records_db *db, uint32_t org, int64_t *from_hour, int64_t *to_hour)
{
	const struct store_value v = STORE_I(org);
	int64_t ends[2] = {0, 0}, sealed = 0, first;
	int err = store_run(db->s, &sql_first, &v, 1, two_row, ends);

	if (!err)
		err = store_run(db->s, &sql_sealed, &v, 1, one_row, &sealed);
	if (err)
		return err;
	first = ends[0] > sealed ? ends[0] : sealed;
	*from_hour = first / RECORDS_HOUR_MS;
	*to_hour = ends[1] ? ends[1] / RECORDS_HOUR_MS + 1 : *from_hour;
	return 0;
}

int records_reconcile_figures(struct records_db *db, uint32_t org, int64_t from_ms, int64_t to_ms,
			      records_figure_difference_h *h, void *arg, uint64_t *compared)
{
	struct comparing c = {.h = h, .arg = arg};
	int64_t from = 0, to = 0;
	int err = records_log_span(db, org, &from, &to);

	if (from_ms / RECORDS_HOUR_MS > from)
		from = from_ms / RECORDS_HOUR_MS;
	if (to_ms && to_ms / RECORDS_HOUR_MS < to)
		to = to_ms / RECORDS_HOUR_MS;
	for (; !err && from < to; from += WINDOW_HOURS)
		err =
		    window(db, org, from, from + WINDOW_HOURS < to ? from + WINDOW_HOURS : to, &c);
	if (!err)
		*compared = c.compared;
	return err;
}
