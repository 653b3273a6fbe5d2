/*
 * The exchange of one organisation: all call control and Article 4, decided on plain values.
 *
 * Purpose: (state, event, now) -> effects. No I/O, clock, random, allocator or log in here.
 * Ownership: the state is ONE flat value in memory that the caller hands in (8-byte aligned, of
 *   exchange_bytes() bytes). It holds no pointers: it may be copied with memcpy, compared and
 *   hashed as bytes, written down and read back. The rules are the caller's and only read.
 * Units: milliseconds; _mono_ is the monotonic clock of struct now, _wall_ Unix time.
 * Errors: what comes from outside is never an error here: an event for a leg that has gone, or one
 *   that a state does not permit, changes nothing (and is counted, exchange_ignored).
 *
 * Contract with the caller
 * 1. After EV_INVITE comes exactly one of FX_BIND (the leg is given out) and FX_REJECT.
 * 2. Effects name a leg only while it lives: from FX_BIND or FX_DIAL until FX_END by us, or until
 *    the caller has reported EV_ENDED or EV_FAILED for it. Late events of a dead leg are ignored.
 * 3. FX_RECORD of a leg that then ends is still answered by EV_RECORDED (its leg may be dead; the
 *    serial counts). FX_KEEP is answered by EV_KEPT or EV_NOT_KEPT. A time-out stands behind both.
 * 4. When exchange_next_due_ms() has come, send EV_TIMER; again at once while it lies in the past.
 * 5. Each call_no given by EV_INVITE has STEP_ARRIVED first and STEP_ENDED last, each once; one
 *    given by COMMAND_DIAL too, if the command wasn't refused.
 * 6. An edition (below) must stay readable while exchange_edition_calls() of its index is not 0.
 * 7. Extensions are unreachable until EV_REACHABLE says otherwise, trunks usable until EV_TRUNK
 *    does. The state of the day is set again with EV_SET after a start.
 * 8. A position's headset is up with its FX_BIND; EV_ENDED of it is sound lost at once, a new
 *    DESK_HEADSET before that only takes its place. Steps of a position have call_no 0 and its
 *    number as value. FX_CALL and FX_POSITION come last in a step.
 * 9. When one leaves a conference (FX_CONFER) each of the three is parted or has ended in that
 *    step; who stays together is joined anew.
 * 10. EV_BOX_CALL is answered by one FX_BOX_CALLED, at once or by the end of the call that it made;
 *    such a call has STEP_ARRIVED and STEP_ENDED as 5 says.
 */
#ifndef EXCHANGE_EXCHANGE_H
#define EXCHANGE_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "exchange/effect.h"
#include "exchange/event.h"
#include "measures/directory.h"
#include "measures/measures.h"

struct exchange;

#define EXCHANGE_EDITIONS     16
#define EXCHANGE_TRUNKS       32
#define EXCHANGE_INSTRUCTIONS 16
#define EXCHANGE_PARK_SLOTS   32
#define EXCHANGE_POSITIONS    32
#define EXCHANGE_PATH         12 /* last steps kept for the live page */

struct exchange_caps {
	uint32_t calls;      /* at most 65534 */
	uint32_t legs;       /* at most 65534 */
	uint32_t extensions; /* with a phone, a call or a setting of the day */
	uint32_t people;     /* away at one time */
	uint32_t reserve;    /* calls kept for emergency numbers, with two legs each */
};

/* One version of the measures with one snapshot of the directory. A call keeps the index of the
 * edition it began under (A8). */
struct exchange_edition {
	const struct measures *measures;
	const struct directory *directory;
};

#define EXCHANGE_CLASS_BIT(c) (1u << (c))
struct exchange_trunk {
	uint16_t id;      /* 1 to EXCHANGE_TRUNKS */
	uint8_t classes;  /* EXCHANGE_CLASS_BITs that it carries; emergency numbers go over any */
	uint16_t channels; /* calls of ours at a time, 0 no limit */
	uint32_t first_response_ms; /* then the next trunk */
};

/* The world as it is told to each step: read only. Trunks stand in the order of routing. */
struct exchange_rules {
	struct exchange_edition edition[EXCHANGE_EDITIONS];
	uint16_t current; /* edition of new calls */
	uint8_t trunk_count;
	struct exchange_trunk trunk[EXCHANGE_TRUNKS];
};

/* Bytes of the state for these limits; 0 when a limit is out of range. About 2 kB a call with two
 * legs. */
size_t exchange_bytes(const struct exchange_caps *caps);

/* Makes an empty exchange in mem (8-byte aligned). Errors: EINVAL. */
int exchange_init(void *mem, const struct exchange_caps *caps, uint32_t org);

/* One event. *fx is overwritten: at most EFFECTS_MAX effects, in the order to be done. */
void exchange_step(struct exchange *x, const struct exchange_rules *rules,
		   const struct event *ev, const struct now *now, struct effects *fx);

/* Monotonic time at which EV_TIMER is due; INT64_MAX when none is. */
int64_t exchange_next_due_ms(const struct exchange *x);

/* Calls that still read edition `index`. */
uint32_t exchange_edition_calls(const struct exchange *x, uint16_t index);

uint32_t exchange_org(const struct exchange *x);
uint32_t exchange_calls(const struct exchange *x);
uint32_t exchange_legs(const struct exchange *x);
uint64_t exchange_ignored(const struct exchange *x); /* events that no state permitted */
bool exchange_closed(const struct exchange *x);      /* EV_CLOSING came, and no call is left */

/* A canonical hash for exploration: independent of absolute time, serials, call numbers,
 * generations, and of which slot a call sits in. EXACT keeps the time left on each timer,
 * ORDER only in which order timers fall due. */
enum exchange_hash_time { EXCHANGE_HASH_EXACT, EXCHANGE_HASH_ORDER };
uint64_t exchange_hash(const struct exchange *x, const struct now *now,
		       enum exchange_hash_time how);

/* Checks the state's own invariants (lists, counts, heap, each state's timer or owner). NULL when
 * they hold, else what doesn't (English, for tests). Linear: tests only. */
const char *exchange_check(const struct exchange *x);

/* ---- read-only views: for the live page, /metrics and tests ---- */

struct exchange_path_step {
	uint8_t step;   /* enum step_kind */
	uint8_t clause; /* enum clause */
	int64_t at_wall_ms;
};

struct exchange_call_view {
	uint64_t call_no;
	const char *state; /* name of the state: "announce", "talk" ... */
	leg_id caller, peer; /* 0 none */
	uint32_t caller_extension;
	uint16_t caller_trunk;
	char caller_number[EVENT_NUMBER], caller_name[EVENT_NAME];
	char dialled[EVENT_NUMBER];
	uint32_t person, department, extension; /* whom the caller wants, 0 none */
	uint16_t out_trunk;
	bool attendant; /* the caller is in the switchboard's hands */
	bool emergency;
	uint16_t edition;
	int64_t began_wall_ms, since_wall_ms; /* the call, its state */
	uint8_t path_count;
	struct exchange_path_step path[EXCHANGE_PATH]; /* oldest first */
	/* the desk's part */
	uint16_t rev;	   /* counts up whenever a command could meet another state */
	uint16_t position; /* whose it is: in hand, held, or to be returned to; 0 nobody's */
	uint8_t bay;	   /* enum exchange_bay */
	uint8_t rings;	   /* begun on the ring clock (A4.1.1); 0 when it isn't on it */
	uint32_t ringing;  /* positions where it rings: bit (position - 1) */
	uint8_t queued;	   /* enum exchange_queued */
	uint8_t outcome;   /* of the target tried last: 0 none, else enum exchange_outcome */
	uint8_t to;	   /* how the target is reached: enum exchange_reached */
	uint8_t screened;  /* SCREEN_ bits */
	bool complaint, together; /* together: operator and caller hear each other */
	bool consulted;	   /* the consulted person has answered */
	bool consent;	   /* a consent fact of this call is held */
	int64_t remind_wall_ms; /* of a held call: when it is to be spoken to; 0 none */
	char sentence[32];	/* what Article 4 says now: a name of phrases.def, "" none */
	uint8_t sentence_clause; /* enum clause */
	char park_number[EVENT_NUMBER];
};

/* The rack (bays of the console): where a call is shown. BAY_NONE: not the desk's. */
enum exchange_bay { BAY_NONE, BAY_RINGING, BAY_ATTENDANT, BAY_IN_HAND, BAY_LET_GO, BAY_HELD,
	BAY_PARKED, BAY_RETURNED, BAY_LONG, BAY_COUNT };
const char *exchange_bay_name(enum exchange_bay b);
/* Why a call waits for an operator. */
enum exchange_queued { QUEUED_NO, QUEUED_ASKED, QUEUED_RETURNED, QUEUED_LOST, QUEUED_HANDED,
	QUEUED_COUNT };
const char *exchange_queued_name(enum exchange_queued q);
enum exchange_outcome { EXCHANGE_OUTCOME_NONE, EXCHANGE_ANSWERED, EXCHANGE_BUSY,
	EXCHANGE_NO_ANSWER, EXCHANGE_REFUSED, EXCHANGE_UNREACHABLE, EXCHANGE_AWAY,
	EXCHANGE_CLOSED, EXCHANGE_VACANT, EXCHANGE_LATER, EXCHANGE_OUTCOMES };
const char *exchange_outcome_name(enum exchange_outcome o);
enum exchange_reached { REACHED_NONE, REACHED_ORDINARY, REACHED_GENERAL_MANAGER,
	REACHED_GAD_MANAGER_GM, REACHED_CHAIRMAN, REACHED_SECRETARY, REACHED_CUSTOMER, REACHED_GAD,
	REACHED_GAD_MANAGER, REACHED_COUNT };
const char *exchange_reached_name(enum exchange_reached r);

enum exchange_position_state { POSITION_OFF, POSITION_ON, POSITION_AWAY, POSITION_WRAP_UP,
	POSITION_LOST, POSITION_STATE_COUNT };
const char *exchange_position_state_name(enum exchange_position_state s);

struct exchange_position_view {
	uint8_t state; /* enum exchange_position_state */
	bool page, sound; /* a page beats; a headset or phone can be heard */
	uint32_t person, extension;
	leg_id headset;	      /* 0 none */
	uint64_t call_no;     /* in hand, 0 none */
	int64_t since_wall_ms, until_wall_ms; /* the state; AWAY: until when */
};
/* Position 1 to EXCHANGE_POSITIONS. False when it has never been on duty. */
bool exchange_position_view(const struct exchange *x, uint16_t position,
			    struct exchange_position_view *out);

/* Slot i of 0 .. caps.calls - 1. False when it is empty. */
bool exchange_call_view(const struct exchange *x, uint32_t i, struct exchange_call_view *out);
uint32_t exchange_call_slots(const struct exchange *x);

struct exchange_leg_view {
	leg_id leg;
	uint64_t call_no;
	const char *state; /* "incoming", "ringing", "early", "up", "dialling" */
	uint32_t extension;
	uint16_t trunk;
	bool incoming, held;
	bool consultation; /* a private line to somebody's own phone (A4.1.3) */
	bool recording;
	bool hears_play;   /* an EV_PLAYED is still to come */
	leg_id joined;
	uint32_t play_serial, record_serial; /* 0 none */
};
bool exchange_leg_view(const struct exchange *x, uint32_t i, struct exchange_leg_view *out);
uint32_t exchange_leg_slots(const struct exchange *x);

/* The keep that a call waits for, 0 none: its EV_KEPT or EV_NOT_KEPT is to come. */
uint32_t exchange_call_keeping(const struct exchange *x, uint32_t i);
/* The recording that a call waits for, 0 none: its leg may have gone. */
uint32_t exchange_call_recording(const struct exchange *x, uint32_t i);

/* The answer of a mailbox that a call waits for, 0 none: its EV_BOX is to come. */
uint32_t exchange_call_mailbox(const struct exchange *x, uint32_t i);

enum exchange_lamp { EXCHANGE_LAMP_IDLE, EXCHANGE_LAMP_RINGING, EXCHANGE_LAMP_BUSY };
struct exchange_extension_view {
	bool reachable, dnd;
	enum exchange_lamp lamp;
	uint16_t legs;
	char forward_always[EVENT_NUMBER], forward_busy[EVENT_NUMBER],
		forward_no_answer[EVENT_NUMBER]; /* of the day; "" none or the directory's */
};
/* False when the exchange has not heard of that extension: idle, unreachable. */
bool exchange_extension_view(const struct exchange *x, uint32_t extension,
			     struct exchange_extension_view *out);

/* The state of the organisation (A3.3, A3.4): automatic while no operator is on duty. */
bool exchange_automatic(const struct exchange *x);

/* ---- planted faults: only in the library built with ZONGJI_FAULTS ---- */
enum exchange_fault_kind {
#define FAULT_DEF(id, name) id,
#include "exchange/faults.def"
#undef FAULT_DEF
	FAULT_COUNT
};
#ifdef ZONGJI_FAULTS
extern int exchange_fault; /* enum exchange_fault_kind; FAULT_NONE is the shipped behaviour */
const char *exchange_fault_name(enum exchange_fault_kind f);
#endif

#endif
