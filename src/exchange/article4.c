/*
 * Article 4 as a table: article4.def says what follows each outcome, menus below say what each key
 * does. The machines look things up here and know no sentence of their own for an outcome.
 */
#include "exchange/priv.h"

static const struct exchange_article4_row rows[TO_COUNT][OUTCOME_COUNT] = {
#define A4(target, outcome, sentence, next, clause) [target][outcome] = {sentence, next, clause},
#include "exchange/article4.def"
#undef A4
};

/* Questions: the phrase, and what the keys 1, 2, 3 do. */
static const struct menu {
	enum phrase_kind question;
	enum next key[3];
} menus[NX_COUNT] = {
    [NX_ASK_BUSY] = {PHRASE_BUSY_CHOICE, {NX_WAIT, NX_MESSAGE, NX_OTHER}},
    [NX_ASK_NO_ANSWER] = {PHRASE_NO_ANSWER_CHOICE, {NX_MESSAGE, NX_OTHER, NX_NONE}},
    [NX_ASK_GM_ABSENT] = {PHRASE_GM_ABSENT_CHOICE, {NX_MESSAGE, NX_GAD_MANAGER_GM, NX_NONE}},
    [NX_ASK_GM_BUSY] = {PHRASE_GM_BUSY_CHOICE, {NX_WAIT_CONSULT, NX_MESSAGE, NX_NONE}},
    [NX_ASK_SECRETARY_BUSY] = {PHRASE_SECRETARY_BUSY_CHOICE, {NX_WAIT, NX_MESSAGE, NX_NONE}},
};

/* What an outcome is called in the log, and how an inside phone that dialled by itself is told. */
static const struct {
	enum step_kind step;
	uint16_t code;
	enum exchange_end why;
} outcomes[OUTCOME_COUNT] = {
    [OUTCOME_ANSWERED] = {STEP_CONNECTED, 200, END_NONE},
    [OUTCOME_BUSY] = {STEP_TARGET_BUSY, 486, END_BUSY},
    [OUTCOME_NO_ANSWER] = {STEP_TARGET_NO_ANSWER, 480, END_NO_ANSWER},
    [OUTCOME_REFUSED] = {STEP_TARGET_REFUSED, 603, END_REFUSED},
    [OUTCOME_UNREACHABLE] = {STEP_TARGET_UNREACHABLE, 480, END_UNREACHABLE},
    [OUTCOME_AWAY] = {STEP_TARGET_AWAY, 480, END_NO_ANSWER},
    [OUTCOME_CLOSED] = {STEP_TARGET_CLOSED, 480, END_NO_ANSWER},
    [OUTCOME_VACANT] = {STEP_TARGET_VACANT, 404, END_VACANT_NUMBER},
};

const struct exchange_article4_row *exchange_article4_row(enum target_row to, enum outcome o)
{
	return &rows[to][o];
}

static void say_hour(struct effect *play, enum phrase_kind k, unsigned from, unsigned to, bool both)
{
	char digits[9];

	digits[0] = (char)('0' + from / 600 % 10);
	digits[1] = (char)('0' + from / 60 % 10);
	digits[2] = (char)('0' + from % 60 / 10);
	digits[3] = (char)('0' + from % 10);
	digits[4] = both ? (char)('0' + to / 600 % 10) : '\0';
	digits[5] = (char)('0' + to / 60 % 10);
	digits[6] = (char)('0' + to % 60 / 10);
	digits[7] = (char)('0' + to % 10);
	digits[8] = '\0';
	exchange_say(play, k, 0, digits);
}

/* Local minute of the day at which Unix time `at` lies, told by how far it is from now. */
static unsigned minute_at(const struct now *now, int64_t at)
{
	int64_t minutes = (at - now->wall_ms + now->wall_ms % 60000) / 60000 + now->minute_of_day;

	return (unsigned)((minutes % 1440 + 1440) % 1440);
}

/* "Until when" and the deputy, as far as the caller may be told (A4.1.5). */
static void say_away(struct turn *t, struct call *c, struct effect *play)
{
	const struct directory *d = exchange_call_directory(t, c);
	const struct directory_person *p = directory_person(d, c->person), *deputy;
	const struct directory_extension *e;
	bool inside = exchange_call_caller(t, c)->extension != 0;
	enum disclosure least = inside ? DISCLOSE_INSIDE : DISCLOSE_ALL;
	int64_t until = 0;

	if (!p || p->disclosure > least)
		return;
	if (!exchange_person_away(t, p->id, &until)) {
		const struct ext *x = exchange_ext_find(t, c->ext);

		if (x)
			exchange_ext_dnd(t, x, &until);
	}
	if (until > t->now->wall_ms && until - t->now->wall_ms < 24 * 3600 * 1000)
		say_hour(play, PHRASE_AWAY_UNTIL, minute_at(t->now, until), 0, false);
	deputy = directory_person(d, p->deputy);
	e = deputy ? directory_extension(d, deputy->extension) : NULL;
	if (e && deputy->disclosure <= least)
		exchange_say(play, PHRASE_DEPUTY, deputy->id, e->number);
}

/* The hours of the next day that has any, today's first. */
static void say_hours(struct turn *t, struct call *c, struct effect *play)
{
	const struct measures *m = exchange_call_measures(t, c);
	const struct directory_department *d =
	    directory_department(exchange_call_directory(t, c), c->department);
	unsigned set = d && d->hours < MEASURES_HOURS_SETS ? d->hours : 0;

	for (unsigned day = 0; day < 7; day++) {
		const struct measures_span *s = m->hours[set].day[(t->now->weekday + day) % 7];

		if (s[0].to_minute == 0)
			continue;
		for (unsigned i = 0; i < MEASURES_SPANS && s[i].to_minute; i++)
			say_hour(play, PHRASE_OPEN_SPAN, s[i].from_minute, s[i].to_minute, true);
		return;
	}
}

/* An inside phone that dialled somebody by itself is told by its own screen and tones. */
static void outcome_reject(struct turn *t, struct call *c, enum outcome o)
{
	exchange_call_step(t, c, outcomes[o].step, CLAUSE_HOUSE);
	exchange_call_finish(t, c, outcomes[o].code, outcomes[o].why);
}

enum phrase_kind exchange_article4_question(enum next n)
{
	return n < NX_COUNT ? menus[n].question : PHRASE_NONE;
}

static bool is_menu(enum next n)
{
	return menus[n].question != PHRASE_NONE;
}

/* A wait that wasn't over goes on: somebody else was quicker. */
static bool outcome_waits(struct turn *t, struct call *c, enum outcome o)
{
	if (o == OUTCOME_BUSY && exchange_wait_again(t, c))
		return true;
	c->wait_due_ms = 0;
	return false;
}

void exchange_article4_outcome(struct turn *t, struct call *c, enum outcome o)
{
	exchange_call_drop_legs(t, c, NULL, END_NO_ANSWER);
	if (!(c->flags & CALL_ATTENDED)) {
		outcome_reject(t, c, o);
		return;
	}
	exchange_call_step(t, c, outcomes[o].step, exchange_article4_row(c->to, o)->clause);
	if (outcome_waits(t, c, o))
		return;
	if (c->position)
		exchange_desk_outcome(t, c, o);
	else
		exchange_article4_tell(t, c, o);
}

void exchange_article4_tell(struct turn *t, struct call *c, enum outcome o)
{
	const struct exchange_article4_row *row = exchange_article4_row(c->to, o);
	struct effect *play;

	if (FAULT(FAULT_NO_SENTENCE) && o == OUTCOME_BUSY) {
		exchange_call_finish(t, c, 486, END_BUSY);
		return;
	}
	if (row->sentence == PHRASE_NONE && !is_menu(row->next)) {
		exchange_article4_next(t, c, row->next);
		return;
	}
	c->message_clause = row->clause;
	play = exchange_caller_play(t, c);
	exchange_say(play, row->sentence, o == OUTCOME_CLOSED ? c->department : 0, "");
	if (o == OUTCOME_AWAY && c->to == TO_ORDINARY)
		say_away(t, c, play);
	if (o == OUTCOME_CLOSED)
		say_hours(t, c, play);
	if (is_menu(row->next))
		exchange_ask_start(t, c, row->next, play);
	else
		exchange_caller_then(t, c, row->next);
}

/* ---- questions ---- */

void exchange_ask_start(struct turn *t, struct call *c, enum next menu, struct effect *play)
{
	exchange_say(play, menus[menu].question, 0, "");
	c->menu = (uint8_t)menu;
	c->asks = 1;
	exchange_call_goto(t, c, CALL_ASK);
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

static void ask_again(struct turn *t, struct call *c)
{
	if (c->asks >= ASK_TRIES) {
		exchange_caller_say(t, c, PHRASE_GOODBYE, NX_END);
		return;
	}
	c->asks++;
	exchange_say(exchange_caller_play(t, c), menus[c->menu].question, 0, "");
	exchange_timer_arm(t, c, TIMER_STATE, SAY_GUARD_MS);
}

void exchange_ask_on(struct turn *t, struct call *c, const struct cue *cue)
{
	enum next n;

	if (cue->kind == CUE_PLAYED) {
		exchange_timer_arm(t, c, TIMER_STATE, exchange_call_measures(t, c)->choice_ms);
		return;
	}
	if (cue->kind == CUE_TIMER) {
		ask_again(t, c);
		return;
	}
	n = cue->digit >= '1' && cue->digit <= '3' ? menus[c->menu].key[cue->digit - '1'] : NX_NONE;
	if (n == NX_NONE)
		ask_again(t, c);
	else
		exchange_article4_next(t, c, n);
}

/* ---- sentences ---- */

void exchange_say_on(struct turn *t, struct call *c, const struct cue *cue)
{
	enum next n = c->then;

	/* A key skips only what leads to the tone: the rest is short and has to be heard. */
	if (cue->kind == CUE_DIGIT && n != NX_RECORD_MESSAGE && n != NX_RECORD_SCREENING)
		return;
	if (cue->kind == CUE_TIMER)
		exchange_leg_silence(t, exchange_call_caller(t, c));
	exchange_article4_next(t, c, n);
}

/* ---- what comes next ---- */

static void next_wait(struct turn *t, struct call *c)
{
	exchange_wait_start(t, c, exchange_call_measures(t, c)->free_wait_ms);
}

static void next_wait_consult(struct turn *t, struct call *c)
{
	exchange_wait_start(t, c, exchange_call_measures(t, c)->consult_wait_ms);
}

static void next_wait_customer(struct turn *t, struct call *c)
{
	exchange_wait_start(t, c, exchange_call_measures(t, c)->customer_wait_ms);
}

static void next_message_gad(struct turn *t, struct call *c)
{
	c->asked_person = 0;
	c->asked_department = exchange_call_measures(t, c)->gad_department;
	exchange_message_start(t, c);
}

static void next_message_urgent(struct turn *t, struct call *c)
{
	c->flags |= CALL_URGENT;
	exchange_message_start(t, c);
}

static void next_message_call_back(struct turn *t, struct call *c)
{
	exchange_call_step(t, c, STEP_CALL_BACK_PROMISED, CLAUSE_A4_1_6);
	next_message_urgent(t, c);
}

static void next_gad_manager_gm(struct turn *t, struct call *c)
{
	exchange_gad_manager_start(t, c, TO_GAD_MANAGER_GM);
}

static void next_gad_manager(struct turn *t, struct call *c)
{
	exchange_gad_manager_start(t, c, TO_GAD_MANAGER);
}

static void next_secretary(struct turn *t, struct call *c)
{
	const struct directory_person *p =
	    directory_person(exchange_call_directory(t, c), c->person);

	if (p)
		exchange_secretary_start(t, c, p);
	else
		next_message_gad(t, c);
}

static void next_goodbye(struct turn *t, struct call *c)
{
	exchange_caller_say(t, c, PHRASE_GOODBYE, NX_END);
}

static void next_end(struct turn *t, struct call *c)
{
	exchange_call_finish(t, c, 0, END_TOLD);
}

static void next_end_kept(struct turn *t, struct call *c)
{
	exchange_call_finish(t, c, 0, END_MESSAGE_KEPT);
}

static void next_end_feature(struct turn *t, struct call *c)
{
	exchange_call_finish(t, c, 0, END_FEATURE);
}

static void next_desk(struct turn *t, struct call *c)
{
	exchange_desk_back(t, c);
}

static void next_reject(struct turn *t, struct call *c)
{
	exchange_call_finish(t, c, c->reject_code, c->reject_why);
}

static void (*const nexts[NX_COUNT])(struct turn *t, struct call *c) = {
    [NX_NONE] = next_goodbye,
    [NX_MESSAGE] = exchange_message_start,
    [NX_MESSAGE_GAD] = next_message_gad,
    [NX_MESSAGE_URGENT] = next_message_urgent,
    [NX_MESSAGE_CALL_BACK] = next_message_call_back,
    [NX_GAD_MANAGER_GM] = next_gad_manager_gm,
    [NX_GAD_MANAGER] = next_gad_manager,
    [NX_SECRETARY] = next_secretary,
    [NX_WAIT] = next_wait,
    [NX_WAIT_CONSULT] = next_wait_consult,
    [NX_WAIT_CUSTOMER] = next_wait_customer,
    [NX_OTHER] = exchange_attendant_other,
    [NX_GAD] = exchange_gad_start,
    [NX_RECORD_MESSAGE] = exchange_message_record,
    [NX_RECORD_SCREENING] = exchange_screening_record,
    [NX_CONSULT] = exchange_screening_consult,
    [NX_END] = next_end,
    [NX_END_KEPT] = next_end_kept,
    [NX_END_FEATURE] = next_end_feature,
    [NX_REJECT] = next_reject,
    [NX_ANNOUNCE] = exchange_attendant_announce,
    [NX_NOTICED] = exchange_notice_go_on,
    [NX_DESK] = next_desk,
};

void exchange_article4_next(struct turn *t, struct call *c, enum next n)
{
	if (n < NX_COUNT && nexts[n])
		nexts[n](t, c);
	else
		next_goodbye(t, c);
}
