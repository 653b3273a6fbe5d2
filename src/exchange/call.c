/*
 * A call: one caller in the hands of one procedure, and the legs dialled for him.
 *
 * Invariants
 * 1. A call has a caller, except in RECORD, REVIEW and KEEP, where a message outlives him.
 * 2. Legs beside the caller exist only in TARGET, CONSULT, TALK, THREE and CLOSE.
 * 3. Every state has TIMER_STATE armed or an owner: TALK its two ends; what an operator has in hand
 *    (DESK, CONSULT once answered, THREE) the position, which has a grace when it vanishes.
 * 4. Entering a state disarms both timers: a state arms its own.
 * 5. STEP_ENDED is a call's last effect and comes once: exchange_call_finish is the only way out.
 *
 *            +--> ANNOUNCE --> DIGITS --+--> TARGET ---------> TALK <--> PARK
 *  arrived --+       |           |      |      |  ^             ^
 *            |       +-> ENQUIRY-> HITS-+      |  |             |
 *            +--> TARGET (DID, inside)         v  |             |
 *                                 SAY, ASK <---+--+--> WAIT     |
 *                                   |   |                       |
 *                                   |   +--> SCREEN --> CONSULT-+ (by consent only)
 *                                   +--> RECORD --> REVIEW --> KEEP --> SAY --> ended
 *
 *  arrived --> RING --Enter--> (FETCH) --> DESK <--> HELD, QUEUE, PARK; DIAL --> DESK
 *               | the third ring is over     |  ^ outcome
 *               v                            v  |
 *            ANNOUNCE --Enter-->          TARGET, WAIT, CONSULT, THREE --> TALK
 *
 *  a mailbox (mailbox.c): arrived, DIGITS --> BOX_WHO, BOX_PIN --> BOX_WAIT <--> BOX_HEAR --> ended
 *  called for a message (boxcall.c): BOX_RING --> BOX_PIN
 *
 * The table below is the whole of it: for each state the cues it permits, the states it may go to
 * and the function that takes the cues. A cue that isn't permitted changes nothing; "the caller has
 * gone" ends every call whose state doesn't name it, "closing" likewise.
 */
#include "exchange/priv.h"

#define ST(s) (1u << (s))

struct call_row {
	const char *name;
	uint32_t cues; /* CUE_BITs permitted */
	uint32_t next; /* ST()s it may go to */
	void (*on)(struct turn *t, struct call *c, const struct cue *cue);
};

enum {
	/* where a sentence, a key or an outcome may lead */
	BOX = ST(CALL_BOX_WHO) | ST(CALL_BOX_PIN),
	ONWARD = ST(CALL_RING) | ST(CALL_ANNOUNCE) | ST(CALL_DIGITS) | ST(CALL_SAY) | ST(CALL_ASK) |
		 ST(CALL_TARGET) | ST(CALL_WAIT) | ST(CALL_CONSULT) | ST(CALL_ENQUIRY) |
		 ST(CALL_CLOSE) | ST(CALL_FETCH) | ST(CALL_DESK) | ST(CALL_QUEUE) | ST(CALL_NOTICE),
	RECORDING = ST(CALL_RECORD) | ST(CALL_SCREEN),
	AT_DESK = CUE_BIT(CUE_HEADSET),
	SAID = CUE_BIT(CUE_PLAYED) | CUE_BIT(CUE_TIMER),
	RANG = CUE_BIT(CUE_RINGING) | CUE_BIT(CUE_EARLY) | CUE_BIT(CUE_UP) | CUE_BIT(CUE_DOWN),
	MADE = CUE_BIT(CUE_RECORDED) | CUE_BIT(CUE_GONE) | CUE_BIT(CUE_CLOSING) |
	       CUE_BIT(CUE_TIMER) | CUE_BIT(CUE_DIGIT),
};

static const struct call_row rows[CALL_STATE_COUNT] = {
    [CALL_FREE] = {"free", 0, ONWARD | ST(CALL_TALK) | ST(CALL_DIAL) | ST(CALL_BOX_RING) | BOX,
		   NULL},
    [CALL_RING] = {"ring", CUE_BIT(CUE_TIMER), ONWARD, exchange_ring_on},
    [CALL_ANNOUNCE] = {"announce", SAID | CUE_BIT(CUE_DIGIT), ONWARD,
		       exchange_attendant_announce_on},
    [CALL_DIGITS] = {"digits", SAID | CUE_BIT(CUE_DIGIT), ONWARD | BOX,
		     exchange_attendant_digits_on},
    [CALL_SAY] = {"say", SAID | CUE_BIT(CUE_DIGIT), ONWARD | RECORDING | ST(CALL_HITS),
		  exchange_say_on},
    [CALL_ASK] = {"ask", SAID | CUE_BIT(CUE_DIGIT), ONWARD, exchange_ask_on},
    [CALL_TARGET] = {"target", RANG | SAID | AT_DESK, ONWARD | ST(CALL_TALK) | ST(CALL_PARK),
		     exchange_target_on},
    [CALL_WAIT] = {"wait", SAID | CUE_BIT(CUE_WORD), ONWARD, exchange_wait_on},
    [CALL_SCREEN] = {"screen", MADE & ~(CUE_BIT(CUE_GONE) | CUE_BIT(CUE_CLOSING)), ONWARD,
		     exchange_screening_on},
    [CALL_CONSULT] = {"consult",
		      RANG | SAID | CUE_BIT(CUE_LEG_DIGIT) | CUE_BIT(CUE_LEG_PLAYED) | AT_DESK,
		      ONWARD | ST(CALL_TALK) | ST(CALL_THREE) | ST(CALL_HELD), exchange_consult_on},
    [CALL_ENQUIRY] = {"enquiry", SAID | CUE_BIT(CUE_DIGIT), ONWARD | ST(CALL_HITS),
		      exchange_enquiry_on},
    [CALL_HITS] = {"hits", SAID | CUE_BIT(CUE_DIGIT), ONWARD | ST(CALL_HITS), exchange_hits_on},
    [CALL_RECORD] = {"record", MADE, ONWARD | ST(CALL_REVIEW) | ST(CALL_KEEP),
		     exchange_message_record_on},
    [CALL_REVIEW] = {"review", MADE | CUE_BIT(CUE_PLAYED), ONWARD | ST(CALL_REVIEW) | ST(CALL_KEEP),
		     exchange_message_review_on},
    [CALL_KEEP] = {"keep",
		   CUE_BIT(CUE_KEPT) | CUE_BIT(CUE_NOT_KEPT) | CUE_BIT(CUE_GONE) |
		       CUE_BIT(CUE_TIMER) | CUE_BIT(CUE_CLOSING),
		   ST(CALL_SAY) | ST(CALL_QUEUE), exchange_message_keep_on},
    [CALL_TALK] = {"talk",
		   CUE_BIT(CUE_HELD) | CUE_BIT(CUE_RETRIEVED) | CUE_BIT(CUE_DOWN) |
		       CUE_BIT(CUE_WORD),
		   ONWARD | ST(CALL_TALK) | ST(CALL_PARK), exchange_talk_on},
    [CALL_PARK] = {"park", CUE_BIT(CUE_TIMER), ONWARD | ST(CALL_TALK), exchange_park_on},
    [CALL_FETCH] = {"fetch", CUE_BIT(CUE_TIMER) | AT_DESK, ONWARD | ST(CALL_RING) | ST(CALL_HELD),
		    exchange_fetch_on},
    [CALL_DESK] = {"desk", CUE_BIT(CUE_PLAYED) | AT_DESK,
		   ONWARD | ST(CALL_HELD) | ST(CALL_PARK) | ST(CALL_TALK), exchange_desk_on},
    [CALL_HELD] = {"held", CUE_BIT(CUE_TIMER), ONWARD, exchange_held_on},
    [CALL_QUEUE] = {"queue", SAID | CUE_BIT(CUE_WORD), ONWARD | ST(CALL_HELD), exchange_queue_on},
    [CALL_THREE] = {"three", CUE_BIT(CUE_DOWN) | CUE_BIT(CUE_PLAYED) | AT_DESK,
		    ONWARD | ST(CALL_TALK) | ST(CALL_HELD), exchange_three_on},
    [CALL_DIAL] = {"dial",
		   (RANG & ~CUE_BIT(CUE_DOWN)) | CUE_BIT(CUE_GONE) | CUE_BIT(CUE_TIMER) | AT_DESK,
		   ST(CALL_DESK) | ST(CALL_QUEUE) | ST(CALL_CLOSE), exchange_dial_on},
    [CALL_BOX_WHO] = {"mailbox_who", SAID | CUE_BIT(CUE_DIGIT),
		      ST(CALL_BOX_PIN) | ST(CALL_SAY) | ST(CALL_CLOSE), exchange_mailbox_digits_on},
    [CALL_BOX_PIN] = {"mailbox_pin", SAID | CUE_BIT(CUE_DIGIT),
		      ST(CALL_BOX_WHO) | ST(CALL_BOX_WAIT) | ST(CALL_SAY) | ST(CALL_CLOSE),
		      exchange_mailbox_digits_on},
    [CALL_BOX_WAIT] = {"mailbox_wait", CUE_BIT(CUE_BOX) | CUE_BIT(CUE_TIMER) | CUE_BIT(CUE_PLAYED),
		       ST(CALL_BOX_WHO) | ST(CALL_BOX_PIN) | ST(CALL_BOX_HEAR) | ST(CALL_SAY) |
			   ST(CALL_CLOSE),
		       exchange_mailbox_wait_on},
    [CALL_BOX_HEAR] = {"mailbox_hear", SAID | CUE_BIT(CUE_DIGIT), ONWARD | ST(CALL_BOX_WAIT),
		       exchange_mailbox_hear_on},
    [CALL_BOX_RING] = {"mailbox_ring",
		       (RANG & ~CUE_BIT(CUE_DOWN)) | CUE_BIT(CUE_GONE) | CUE_BIT(CUE_TIMER),
		       ST(CALL_BOX_PIN) | ST(CALL_CLOSE), exchange_boxcall_on},
    [CALL_NOTICE] = {"notice", SAID | AT_DESK, ONWARD, exchange_notice_on},
    [CALL_CLOSE] = {"close", SAID | CUE_BIT(CUE_LEG_PLAYED) | CUE_BIT(CUE_DOWN), 0,
		    exchange_close_on},
};

const char *exchange_call_state_name(enum call_state s)
{
	return s < CALL_STATE_COUNT ? rows[s].name : "";
}

bool exchange_call_permits(enum call_state s, enum cue_kind k)
{
	return s < CALL_STATE_COUNT && (rows[s].cues & CUE_BIT(k));
}

/* What a state holds is given back on the way out of it. */
static void call_leave(struct turn *t, struct call *c)
{
	exchange_timer_disarm(t, c, TIMER_STATE);
	exchange_timer_disarm(t, c, TIMER_WORD);
	if (c->state == CALL_TALK)
		exchange_long_leave(t, c);
	if (c->state == CALL_WAIT)
		exchange_wait_leave(t, c);
	if (c->state == CALL_PARK)
		exchange_park_leave(t, c);
	if (c->box_flags & BOX_TYPED) {
		memset(c->digits, 0, sizeof(c->digits));
		c->digit_count = 0;
		c->box_flags &= (uint8_t)~BOX_TYPED;
	}
	if (c->state == CALL_SCREEN && c->pending) { /* cut off: nobody will hear it */
		struct leg *l = exchange_call_caller(t, c);

		if (l) {
			l->flags &= (uint8_t)~LEG_RECORDING;
			exchange_effect_add(t, FX_RECORD_STOP, l)->record.serial = c->pending;
		}
		exchange_effect_add(t, FX_FORGET, NULL)->record.serial = c->pending;
		exchange_call_await(t, c, 0);
		c->screening = 0;
	}
}

bool exchange_call_is_desk(const struct exchange *x, const struct call *c)
{
	return x->positions && (c->position || (c->desk & DESK_OF) || c->long_told);
}

void exchange_call_show(struct turn *t, struct call *c)
{
	uint16_t mine = exchange_call_index(t, c);

	if (!exchange_call_is_desk(t->x, c))
		return;
	for (unsigned i = 0; i < t->touched_count; i++)
		if (t->touched[i] == mine)
			return;
	if (t->touched_count < TOUCHED_MAX)
		t->touched[t->touched_count++] = mine;
}

void exchange_call_touch(struct turn *t, struct call *c)
{
	if (++c->rev == 0)
		c->rev = 1; /* 0 is any */
	exchange_call_show(t, c);
}

void exchange_call_goto(struct turn *t, struct call *c, enum call_state s)
{
	if (!(rows[c->state].next & ST(s)) && c->state != s)
		t->x->forbidden++; /* a programmer's error: tests look at it, callers go on */
	call_leave(t, c);
	if (BOX & ST(s))
		exchange_tape_stop(t, c);
	if (c->state != s)
		c->since_wall_ms = t->now->wall_ms;
	c->state = (uint8_t)s;
	exchange_call_touch(t, c);
}

void exchange_call_cue(struct turn *t, struct call *c, const struct cue *cue)
{
	if (exchange_call_permits(c->state, cue->kind)) {
		rows[c->state].on(t, c, cue);
		return;
	}
	if (cue->kind == CUE_GONE)
		exchange_call_finish(t, c, 0, cue->why ? cue->why : END_CALLER_HUNG_UP);
	else
		t->x->ignored++;
}

struct effect *exchange_call_step(struct turn *t, struct call *c, enum step_kind k, enum clause cl)
{
	struct effect *e = exchange_effect_add(t, FX_STEP, NULL);
	struct path_step *p = &c->path[c->path_at];

	e->step.call_no = c->call_no;
	e->step.step = k;
	e->step.clause = cl;
	e->step.person = c->person ? c->person : c->asked_person;
	e->step.department = c->department ? c->department : c->asked_department;
	e->step.extension = c->ext;
	*p = (struct path_step){(uint8_t)k, (uint8_t)cl, 0,
				(uint32_t)(t->now->wall_ms - c->began_wall_ms)};
	c->path_at = (uint8_t)((c->path_at + 1) % EXCHANGE_PATH);
	if (c->path_count < EXCHANGE_PATH)
		c->path_count++;
	return e;
}

bool exchange_call_room(const struct exchange *x)
{
	return x->caps.calls - x->call_count > x->caps.reserve &&
	       x->caps.legs - x->leg_count > x->caps.reserve * 2;
}

struct call *exchange_call_new(struct turn *t, uint64_t call_no, const char *dialled)
{
	struct exchange *x = t->x;
	struct call *c;

	if (x->free_call == NONE16)
		return NULL;
	c = &t->calls[x->free_call];
	x->free_call = c->first_leg;
	x->call_count++;
	memset(c, 0, sizeof(*c));
	c->edition = t->rules->current;
	x->edition_calls[c->edition]++;
	c->caller = c->peer = c->first_leg = NONE16;
	c->wait_prev = c->wait_next = c->wait_ext = c->park = NONE16;
	c->call_no = call_no;
	c->began_wall_ms = c->since_wall_ms = t->now->wall_ms;
	TEXT_COPY(c->dialled, dialled);
	return c;
}

void exchange_call_identity(struct turn *t, struct call *c)
{
	const struct leg *l = exchange_call_caller(t, c);

	memcpy(c->number, l->number, sizeof(c->number));
	memcpy(c->name, l->name, sizeof(c->name));
}

void exchange_call_drop_legs(struct turn *t, struct call *c, const struct leg *but,
			     enum exchange_end why)
{
	uint16_t i = c->first_leg;

	while (i != NONE16) {
		struct leg *l = &t->legs[i];

		i = l->next;
		if (l != but)
			exchange_leg_end(t, l, 487, why);
	}
}

static void call_free(struct turn *t, struct call *c)
{
	struct exchange *x = t->x;

	x->edition_calls[c->edition]--;
	memset(c, 0, sizeof(*c));
	c->first_leg = x->free_call;
	x->free_call = exchange_call_index(t, c);
	x->call_count--;
}

void exchange_call_finish(struct turn *t, struct call *c, uint16_t code, enum exchange_end why)
{
	struct leg *caller = exchange_call_caller(t, c);
	struct effect *e;

	call_leave(t, c);
	exchange_boxcall_told(t, c, OUTCOME_ANSWERED, false);
	exchange_desk_forget(t, c);
	exchange_call_await(t, c, 0);
	if (caller)
		exchange_leg_end(t, caller, code ? code : 480, why);
	exchange_call_drop_legs(t, c, NULL, why);
	if (FAULT(FAULT_NO_END)) {
		call_free(t, c);
		return;
	}
	e = exchange_call_step(t, c, STEP_ENDED, CLAUSE_HOUSE);
	e->step.value = (int32_t)why;
	TEXT_COPY(e->step.text, exchange_end_name(why));
	call_free(t, c);
}
