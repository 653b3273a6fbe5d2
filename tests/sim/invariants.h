/*
 * A witness of one exchange: it sees the events and effects only, keeps its own book of legs and
 * calls, and says what must not happen (measures.md, exchange.h's contract).
 *
 * Invariants
 *  1. Nobody who has to ask is joined to the general manager without a fact of this call: (a) `1`
 *     on his own answered phone after the choice was said there, (c) an attended transfer by a post
 *     that the measures name, after he had answered, (d) his own act, (e) a standing instruction.
 *     A chairman likewise: (c) by the own secretary only, (d).
 *  2. A consultation is picked up by nobody else.
 *  3. An answered caller is ended by us only when connected, or after a final sentence was heard to
 *     its end; an outside caller is never turned away unanswered.
 *  4. "Kept" is said only after EV_KEPT. What was spoken as a message is kept, or done anew by the
 *     caller, or the caller is told that it isn't kept.
 *  5. Effects for a leg only while it lives, and only in an order that a dialog can follow.
 *  6. STEP_ARRIVED first, STEP_ENDED last, each once a call; one FX_BIND or FX_REJECT an EV_INVITE;
 *     one FX_REFER_ANSWER an EV_REFER.
 *  7. Serials go up. As many legs and calls live here as in the exchange.
 * At the desk
 *  8. Further facts of 1: (b) 同意 by the operator who has the call, after a consultation of this
 *     call was answered at the general manager's own number; (e) for a name, confirmed.
 *  9. A consultation is heard by the operator who leads it and by nobody else; who is held, waits
 *     or is asked for hears nobody. A headset is joined to the call in its hand only; three are
 *     together only in a conference.
 * 10. A call is in one position's hands at the most, and a position has one call in hand.
 * 11. Each EV_COMMAND is answered by one FX_COMMAND; one that is refused has no other effect, and
 *     none is carried out for a call that is another's, or by a page that has seen another state.
 * 12. A held call's position is on duty or in its grace.
 * 13. A position is on duty when it came, has not left, and has its page and sound; the
 *     organisation is automatic exactly when none is, and each change of it is a step.
 * 14. A complaint is put through to customer service only.
 * 15. Only an outside caller is taped, once, and right after the notice was heard to its end.
 *
 * Ownership: struct watch is one flat value without pointers but `wrong` (a literal) and `world`.
 */
#ifndef SIM_INVARIANTS_H
#define SIM_INVARIANTS_H

#include "world.h"

#define WATCH_LEGS      48
#define WATCH_CALLS     16
#define WATCH_POSITIONS 4

enum watch_leg_flag {
	WLEG_IN = 1,        /* came to us */
	WLEG_UP = 2,
	WLEG_SOUND = 4,     /* 183 with our sound, or early sound of theirs */
	WLEG_BY_MAIN = 8,   /* was asked for a number: asks the switchboard */
	WLEG_OWN_ACT = 16,  /* called by itself, and nobody has handed it on since */
	WLEG_CHOICE = 32,   /* the announcement's choice was said to it */
	WLEG_CONSULT = 64,
	WLEG_TALK = 128,    /* connected: nothing was said to it since */
	WLEG_HEARD = 256,   /* the last play was heard to its end */
	WLEG_FINAL = 512,   /* … and holds a sentence that may be the last */
	WLEG_HELD = 1024,   /* its far end holds */
	WLEG_INSTRUCTED = 2048,
	WLEG_RUNG = 4096,   /* 180 sent, or heard */
	WLEG_HEADSET = 8192, /* a position's; its call is of no meaning */
	WLEG_CONFER = 16384,
	WLEG_NOTICE = 32768, /* the last play was the notice that the call is recorded */
};

struct watch_leg {
	leg_id id; /* 0 free */
	uint32_t extension;
	leg_id joined, consent; /* consent: with whom this principal may be joined */
	uint32_t play, record, tape; /* serials under way, 0 none */
	uint16_t trunk, flags;
	uint16_t call; /* index in watch.call */
	uint16_t position; /* of a headset */
};

enum watch_call_flag {
	WCALL_MESSAGE = 1, /* it is a message that is recorded, not who calls */
	WCALL_OPEN = 2,    /* it is being recorded */
	WCALL_OWED = 4,    /* it was recorded: to be kept */
	WCALL_KEPT = 8,
	WCALL_CALLED = 16, /* made for a message: what came of it is still to be told */
};

struct watch_call {
	uint64_t call_no; /* 0 free; the low byte is index + 1 */
	uint32_t keep, record;
	uint16_t flags;
	uint16_t arrived;
	uint32_t caller; /* extension, or trunk: who began it */
	uint8_t asked;   /* person: answered a consultation of this call, at the own number */
	uint8_t agreed;  /* person: noted by the operator, and not yet used */
	uint8_t owner, bay; /* whose it was before an ANSWER, and where */
};

enum watch_position_flag { WPOS_ON = 1, WPOS_NO_PAGE = 2, WPOS_HAND = 4 };

/* What a command met: of its call before it. */
struct watch_met {
	uint8_t position, complaint, known, pad;
	uint16_t rev;
};

/* A question that a mailbox hasn't answered. */
struct watch_box {
	uint32_t serial; /* 0 free */
	uint8_t ask;	 /* enum box_ask */
	uint8_t stage, first;
	uint8_t person;
};

struct watch {
	const struct world *world;
	const char *wrong;   /* NULL while all holds */
	uint64_t last_no;
	uint32_t last_serial;
	uint16_t legs, calls; /* living */
	uint8_t position[WATCH_POSITIONS]; /* WPOS_ flags */
	bool manual;
	bool refused; /* the last event was a command, and refused */
	uint8_t promises; /* call backs promised by command and not due */
	struct watch_met met;
	struct watch_box box[WATCH_CALLS]; /* what was asked of mailboxes, in turn */
	uint8_t box_next;
	uint32_t box_open; /* bit a person whose PIN was right while these calls lived */
	struct watch_call call[WATCH_CALLS];
	struct watch_leg leg[WATCH_LEGS]; /* by the index in the leg's id */
};

void watch_init(struct watch *w, const struct world *world);

/* A number for a new call; 0 when as many live as can be watched. */
uint64_t watch_call_no(struct watch *w);

/* Told before the event is given to the exchange, and after with what came of it. */
void watch_before(struct watch *w, const struct exchange *x, const struct event *ev);
void watch_after(struct watch *w, const struct exchange *x, const struct event *ev,
		 const struct effects *fx);

/* Between events: 9, 10, 12, 13 as the state is now. Looks at all calls. */
void watch_state(struct watch *w, const struct exchange *x, const struct now *now);

/* What the book knows beyond the exchange's own state, independent of ids and slots. */
uint64_t watch_hash(const struct watch *w);

/* The living leg of that id; NULL when it has gone. */
struct watch_leg *watch_leg(struct watch *w, leg_id id);

/* ---- the desk's part (invariants_desk.c) ---- */
struct sight;
void watch_wrong(struct watch *w, const char *what);
struct watch_call *watch_call(struct watch *w, uint64_t call_no);
bool watch_view(const struct exchange *x, uint64_t call_no, struct exchange_call_view *v);
const struct directory_person *watch_owner(const struct watch *w, uint32_t extension);
void watch_desk_before(struct watch *w, const struct exchange *x, const struct event *ev);
void watch_command(struct watch *w, const struct event *ev, const struct effects *fx,
		   const struct effect *answer);
void watch_duty_step(struct watch *w, const struct effect *e);
/* ---- mailboxes (invariants_box.c) ---- */
/* Nothing of a mailbox is said but in the step of its answer; a PIN is in the one question that
 * opens it and in nothing else; "deleted" is said after the answer alone. */
/* What came of an EV_BOX_CALL is told once, before the call's end. */
void watch_box_called(struct watch *w, const struct event *ev, const struct effect *e);
void watch_box(struct watch *w, const struct event *ev, const struct effects *fx);
/* The question of that serial; NULL none waits. */
const struct watch_box *watch_box_of(const struct watch *w, uint32_t serial);
bool watch_is_service(const struct watch *w, uint32_t extension);

bool watch_is_final(unsigned phrase); /* a caller may be let go after it */
void watch_taped(struct watch *w, struct watch_leg *l, uint32_t serial);

#endif
