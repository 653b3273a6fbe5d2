/*
 * What the desk remembers of calls beside the exchange: where their rows lie, which figure of today
 * they count in, what a colleague noted, what came of the last call from the same number and who it
 * was (asked of the records by a thread of its own, so that the call thread doesn't wait).
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "app/desk_priv.h"
#include "base/hash.h"

#define LOOKUP_WAIT_MS 1000
#define PROBES	       8

struct lookup {
	uint16_t org; /* index */
	bool stop;
	uint64_t before;
	struct desk_caller found;
};

struct desk_lookups {
	struct ring *asked, *found;
	pthread_t thread;
	bool running;
};

/* ---- marks ---- */

static void mark_free(struct app_org *o, struct desk_mark *m)
{
	struct desk_org *d = desk_org(o);

	if (m->bay && d->bay[m->bay])
		d->bay[m->bay]--;
	memset(m, 0, sizeof(*m));
}

/* Numbers of calls follow each other: a call finds a neighbour only when 16384 began meanwhile. */
struct desk_mark *desk_mark(struct app_org *o, uint64_t no, bool make)
{
	struct desk_mark *table = o->app->desk->mark, *spare = NULL;

	for (unsigned i = 0; i < PROBES; i++) {
		struct desk_mark *m = &table[(no + i) % DESK_MARKS];

		if (m->no == no)
			return m;
		if (!m->no && !spare)
			spare = m;
	}
	if (!make)
		return NULL;
	if (!spare) {
		spare = &table[no % DESK_MARKS];
		mark_free(&o->app->org[spare->org], spare);
	}
	spare->no = no;
	spare->org = (uint8_t)o->index;
	return spare;
}

bool desk_view(struct app_org *o, uint64_t no, struct exchange_call_view *v)
{
	const struct desk_mark *m = desk_mark(o, no, false);
	uint32_t slots = exchange_call_slots(o->exchange);

	if (m && exchange_call_view(o->exchange, m->slot, v) && v->call_no == no)
		return true;
	for (uint32_t i = 0; i < slots; i++) {
		if (!exchange_call_view(o->exchange, i, v) || v->call_no != no)
			continue;
		desk_mark(o, no, true)->slot = i;
		return true;
	}
	return false;
}

/* ---- bays ---- */

bool desk_bay_set(struct app_org *o, const struct exchange_call_view *v, uint32_t slot)
{
	struct desk_org *d = desk_org(o);
	struct desk_mark *m = desk_mark(o, v->call_no, v->bay != BAY_NONE);
	uint8_t before = m ? m->bay : BAY_NONE;

	if (!m)
		return false;
	m->slot = slot;
	if (before != v->bay) {
		if (before && d->bay[before])
			d->bay[before]--;
		d->bay[v->bay]++;
		m->bay = v->bay;
		d->changed = true;
	}
	return before != BAY_NONE || v->bay != BAY_NONE;
}

void desk_bay_ended(struct app_org *o, uint64_t no)
{
	struct desk_mark *m = desk_mark(o, no, false);

	if (!m)
		return;
	desk_org(o)->changed |= m->bay != BAY_NONE;
	mark_free(o, m);
}

void desk_bays_count(struct app_org *o)
{
	struct desk_org *d = desk_org(o);
	uint32_t slots = exchange_call_slots(o->exchange);
	struct exchange_call_view v;

	for (unsigned i = 0; i < DESK_MARKS; i++)
		if (o->app->desk->mark[i].org == o->index)
			o->app->desk->mark[i].bay = BAY_NONE;
	memset(d->bay, 0, sizeof(d->bay));
	d->bays_known = true;
	for (uint32_t i = 0; i < slots; i++)
		if (exchange_call_view(o->exchange, i, &v))
			desk_bay_set(o, &v, i);
}

/* ---- notes ---- */

void desk_note_set(struct app_org *o, uint64_t no, const char *text)
{
	struct desk_org *d = desk_org(o);
	struct desk_note *n = NULL;

	for (unsigned i = 0; i < DESK_NOTES && !n; i++)
		if (d->note[i].call_no == no)
			n = &d->note[i];
	if (!n)
		n = &d->note[d->next_note++ % DESK_NOTES];
	n->call_no = no;
	TEXT_COPY(n->text, text);
}

const char *desk_note(const struct app_org *o, uint64_t no)
{
	const struct desk_org *d = desk_org(o);

	for (unsigned i = 0; i < DESK_NOTES; i++)
		if (d->note[i].call_no == no)
			return d->note[i].text;
	return "";
}

/* ---- figures ---- */

static int64_t today(void)
{
	struct now now;

	clock_now(&now);
	return now.wall_ms - now.minute_of_day * INT64_C(60000) - now.wall_ms % 60000;
}

static void new_day(struct app_org *o)
{
	struct desk_org *d = desk_org(o);
	int64_t day = today();

	if (d->day == day)
		return;
	d->day = day;
	memset(&d->today, 0, sizeof(d->today));
	d->promises = d->next_promise = 0;
	for (unsigned i = 1; i <= d->positions; i++) {
		d->position[i].duty_ms = 0;
		d->position[i].calls = d->position[i].within_three = 0;
	}
}

static void settle(struct app_org *o, uint64_t no, unsigned *figure)
{
	struct desk_mark *m = desk_mark(o, no, false);

	if (!m || !m->counted || m->settled)
		return;
	m->settled = true;
	++*figure;
	desk_changed(o);
}

static void answered(struct app_org *o, const struct effect *fx)
{
	struct desk_org *d = desk_org(o);
	bool within = fx->step.value > 0 && fx->step.value <= app_measures(o)->rings;
	struct desk_mark *m = desk_mark(o, fx->step.call_no, false);

	within = within && m && m->counted && !m->settled;
	for (unsigned i = 1; i <= d->positions; i++) {
		struct exchange_position_view v;

		if (!exchange_position_view(o->exchange, (uint16_t)i, &v) ||
		    v.call_no != fx->step.call_no)
			continue;
		d->position[i].calls++;
		d->position[i].within_three += within;
	}
	if (within)
		settle(o, fx->step.call_no, &d->today.within_three);
}

static void arrived(struct app_org *o, const struct effect *fx)
{
	struct desk_org *d = desk_org(o);
	struct lookup l;

	new_day(o);
	if (strcmp(fx->step.text, app_measures(o)->main_number) != 0 ||
	    exchange_automatic(o->exchange))
		return;
	desk_mark(o, fx->step.call_no, true)->counted = true;
	d->today.offered++;
	desk_changed(o);
	if (!fx->step.trunk || !fx->step.number[0])
		return;
	memset(&l, 0, sizeof(l));
	l.org = (uint16_t)o->index;
	l.before = fx->step.call_no;
	TEXT_COPY(l.found.number, fx->step.number);
	(void)ring_push(o->app->desk->lookups->asked, &l); /* full: it isn't told, no more */
}

static void promised(struct app_org *o, const struct effect *fx)
{
	struct desk_org *d = desk_org(o);
	struct desk_promise *p = &d->promise[d->next_promise++ % DESK_PROMISES];
	struct exchange_call_view v;

	memset(p, 0, sizeof(*p));
	p->call_no = fx->step.call_no;
	p->at_ms = clock_wall_ms();
	TEXT_COPY(p->name, live_name(app_directory(o), fx->step.person, fx->step.department));
	if (desk_view(o, p->call_no, &v))
		TEXT_COPY(p->number, v.caller_number);
	if (d->promises < DESK_PROMISES)
		d->promises++;
}

void desk_step(struct app_org *o, const struct effect *fx)
{
	struct desk_org *d = desk_org(o);
	struct desk_mark *m;

	if (!fx->step.call_no) {
		desk_changed(o); /* of a position */
		return;
	}
	if (fx->step.step == STEP_ARRIVED)
		arrived(o, fx);
	else if (fx->step.step == STEP_ANSWERED_OPERATOR)
		answered(o, fx);
	else if (fx->step.step == STEP_ANSWERED_ATTENDANT)
		settle(o, fx->step.call_no, &d->today.attendant);
	else if (fx->step.step == STEP_CALL_BACK_PROMISED)
		promised(o, fx);
	else if (fx->step.step == STEP_RINGING) {
		m = desk_mark(o, fx->step.call_no, false);
		if (m)
			m->ring_ms = clock_wall_ms();
	}
	if (fx->step.step != STEP_ENDED) {
		desk_dirty(o, fx->step.call_no);
		return;
	}
	settle(o, fx->step.call_no, &d->today.given_up);
	desk_bay_ended(o, fx->step.call_no);
}

/* A call of before the start, by what its record says: with times too coarse for the ring. */
static int on_record(const struct records_call_row *r, void *arg)
{
	struct app_org *o = arg;
	struct desk_figures *f = &desk_org(o)->today;
	const struct measures *m = app_measures(o);
	uint32_t clock_ms = m->rings * (m->ring_on_ms + m->ring_off_ms) - m->ring_off_ms;
	const char *by_person = strstr(r->path_json, "answered_operator");
	const char *by_attendant = strstr(r->path_json, "answered_attendant");

	if (strcmp(r->call.dialled, m->main_number) != 0)
		return 0;
	if (by_person && (!by_attendant || by_person < by_attendant))
		f->within_three++;
	else if (by_attendant && r->call.wait_ms + 500 >= clock_ms)
		f->attendant++;
	else if (!by_attendant && !r->call.answered_ms)
		f->given_up++;
	else
		return 0; /* the state was automatic */
	f->offered++;
	return 0;
}

struct page {
	struct app_org *org;
	int64_t started_ms;
	uint64_t call_no;
	unsigned rows;
};

static int on_page(const struct records_call_row *r, void *arg)
{
	struct page *p = arg;

	p->started_ms = r->call.started_ms;
	p->call_no = r->call.call_no;
	p->rows++;
	return on_record(r, p->org);
}

int desk_figures_load(struct app_org *o, struct records_db *db)
{
	struct records_call_filter f = {
	    .org = o->id,
	    .from_ms = today(),
	    .number = app_measures(o)->main_number,
	    .limit = RECORDS_PAGE_MAX,
	};
	struct page p = {.org = o};
	int err;

	new_day(o);
	do {
		p.rows = 0;
		err = records_calls(db, &f, on_page, &p);
		f.before_started_ms = p.started_ms;
		f.before_call_no = p.call_no;
	} while (!err && p.rows == RECORDS_PAGE_MAX);
	return err;
}

/* ---- the last calls from a number ---- */

static struct desk_caller *caller_slot(const struct app_org *o, const char *number)
{
	uint64_t h = hash_bytes(number, strlen(number)) + o->id;

	return &o->app->desk->caller[h % DESK_CALLERS];
}

const struct desk_caller *desk_caller(const struct app_org *o, const char *number)
{
	const struct desk_caller *c = number[0] ? caller_slot(o, number) : NULL;

	return c && c->org == o->id && strcmp(c->number, number) == 0 ? c : NULL;
}

static int on_past(const struct records_call_row *r, void *arg)
{
	struct lookup *l = arg;
	struct desk_past *p = &l->found.past[l->found.past_count];

	if (r->call.call_no >= l->before || strcmp(r->call.caller_number, l->found.number) != 0)
		return 0;
	p->at_ms = r->call.started_ms;
	p->talk_ms = r->call.talk_ms;
	TEXT_COPY(p->target, r->call.target_name);
	snprintf(p->outcome, sizeof(p->outcome), "%s", r->outcome);
	return ++l->found.past_count == DESK_PAST;
}

static void look_up(struct app *a, struct lookup *l)
{
	struct records_call_filter f = {
	    .org = a->org[l->org].id, .number = l->found.number, .limit = DESK_PAST + 3};
	struct records_db *db = NULL;

	if (records_borrow(a->records, LOOKUP_WAIT_MS, &db) == 0) {
		(void)records_calls(db, &f, on_past, l);
		(void)records_known_caller(db, f.org, f.number, &l->found.known);
	}
	records_return(a->records, db);
}

static void *lookups_main(void *arg)
{
	struct app *a = arg;
	struct desk_lookups *s = a->desk->lookups;
	struct pollfd wake = {ring_fd(s->asked), POLLIN, 0};
	struct lookup l;

	for (;;) {
		ring_quiet(s->asked);
		while (ring_take(s->asked, &l)) {
			if (l.stop)
				return NULL;
			look_up(a, &l);
			if (l.found.past_count || l.found.known.name[0] ||
			    l.found.known.organisation[0])
				(void)ring_push(s->found, &l);
		}
		poll(&wake, 1, -1);
	}
}

static void on_found(int flags, void *arg)
{
	struct app *a = arg;
	struct lookup l;

	(void)flags;
	ring_quiet(a->desk->lookups->found);
	while (ring_take(a->desk->lookups->found, &l)) {
		struct app_org *o = &a->org[l.org];

		l.found.org = o->id;
		l.found.before = l.before;
		*caller_slot(o, l.found.number) = l.found;
		desk_dirty(o, l.before);
	}
}

int desk_calls_open(struct app *a)
{
	struct desk_lookups *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return ENOMEM;
	a->desk->lookups = s;
	err = ring_alloc(&s->asked, sizeof(struct lookup), DESK_LOOKUPS);
	if (!err)
		err = ring_alloc(&s->found, sizeof(struct lookup), DESK_LOOKUPS);
	if (!err)
		err = fd_listen(ring_fd(s->found), FD_READ, on_found, a);
	if (!err)
		err = pthread_create(&s->thread, NULL, lookups_main, a);
	s->running = !err;
	return err;
}

void desk_calls_close(struct app *a)
{
	struct desk_lookups *s = a->desk->lookups;
	struct lookup stop = {.stop = true};

	if (!s)
		return;
	if (s->running) {
		while (ring_push(s->asked, &stop)) /* full: it is being emptied */
			sys_msleep(1);
		pthread_join(s->thread, NULL);
	}
	if (s->found)
		fd_close(ring_fd(s->found));
	ring_free(s->asked);
	ring_free(s->found);
	free(s);
	a->desk->lookups = NULL;
}
