/*
 * Call numbers. A block is written down as used before a number of it is given out; the next block
 * is fetched while half of one is left. When storage is gone for so long that both are used up,
 * numbers come from the wall clock instead, far above the counter and below 2^53.
 */
#include "records/priv.h"

#include "base/clock.h"

static const struct store_statement sql_take = {
    "records_numbers_take",
    "UPDATE counters SET next_value = next_value + $1 WHERE name = 'call_no'"
    " RETURNING next_value"};
static const struct store_statement sql_give_back = {
    "records_numbers_back",
    "UPDATE counters SET next_value = $1 WHERE name = 'call_no' AND next_value = $2"};

static int value_row(const struct store_row *row, void *arg)
{
	*(int64_t *)arg = store_row_int(row, 0);
	return 0;
}

int records_numbers_refill(struct records *r, struct store *s)
{
	const struct store_value count = STORE_I(RECORDS_CALL_BLOCK);
	int64_t end = 0;
	bool wanted;
	int err;

	pthread_mutex_lock(&r->lock);
	wanted = r->spare_next == r->spare_end &&
		 r->number_end - r->number_next <= RECORDS_CALL_BLOCK / 2;
	pthread_mutex_unlock(&r->lock);
	if (!wanted)
		return 0;
	err = store_run(s, &sql_take, &count, 1, value_row, &end);
	if (err)
		return err;
	pthread_mutex_lock(&r->lock);
	r->spare_end = (uint64_t)end;
	r->spare_next = (uint64_t)end - RECORDS_CALL_BLOCK;
	pthread_mutex_unlock(&r->lock);
	return 0;
}

/* Closed in order: the numbers that nobody got are given back when nobody took any after them. */
void records_numbers_return(struct records *r, struct store *s)
{
	uint64_t from = r->number_next, end = r->number_end;
	struct store_value v[2];

	if (r->spare_next != r->spare_end) {
		if (from == end || end != r->spare_next)
			from = r->spare_next;
		end = r->spare_end;
	}
	if (from == end)
		return;
	v[0] = STORE_I(from);
	v[1] = STORE_I(end);
	(void)store_run(s, &sql_give_back, v, 2, NULL, NULL);
}

uint64_t records_call_no(struct records *r)
{
	uint64_t no;

	pthread_mutex_lock(&r->lock);
	if (r->number_next == r->number_end) {
		r->number_next = r->spare_next;
		r->number_end = r->spare_end;
		r->spare_next = r->spare_end;
	}
	if (r->number_next < r->number_end) {
		no = r->number_next++;
	} else {
		no = (uint64_t)clock_wall_ms() * 1000;
		if (no <= r->number_last)
			no = r->number_last + 1;
		r->number_last = no;
	}
	pthread_mutex_unlock(&r->lock);
	return no;
}
