/*
 * The inside of the exchange: the state's layout and what its files offer each other. One file a
 * concern; each machine's invariants stand at the head of its file.
 *
 * Indices: NONE16 is "none". A leg_id is (index + 1) | generation << 16.
 */
#ifndef EXCHANGE_PRIV_H
#define EXCHANGE_PRIV_H

#include <string.h>

#include "base/text.h"
#include "exchange/exchange.h"

#define NONE16 UINT16_MAX

#ifdef ZONGJI_FAULTS
#define FAULT(f) (exchange_fault == (f))
#else
#define FAULT(f) 0
#endif

enum {
	FORWARD_HOPS = 5, /* then a forward is not followed: a loop */
	DIGITS_MAX = 31,
	HITS_MAX = 9,
	EMPTY_TRIES = 2,	  /* messages or screenings in which nothing was heard */
	ASK_TRIES = 2,		  /* a question is said that often */
	SAY_GUARD_MS = 180000,	  /* no sentence lasts longer: then it counts as said */
	RECORD_GUARD_MS = 10000,  /* on top of what may be recorded */
	BOX_GUARD_MS = 20000,	  /* then the mailbox counts as failed */
	BOX_TRIES = 3,		  /* wrong PINs in one call */
	KEEP_GUARD_MS = 15000,	  /* then the message counts as not kept */
	OUT_RING_MS = 180000,	  /* a call over a trunk rings no longer */
	RESPONSE_GRACE_MS = 2000, /* sip times out first, we stand behind it */
	CLOSING_MS = 10000,
	EXTENSION_LEGS = 8, /* calls of one extension at a time */
	DIGITS_DEFAULT = 8, /* longest number while the measures name none */
	WAKE_SCAN = 16,	    /* waiting callers looked at when a department's phone is free */
	TURN_ROOM = EFFECTS_MAX / 2, /* a timer's work needs no more effects */
	TOUCHED_MAX = 24,	     /* calls whose view may change in one step */
	PROMISES = 32,		     /* call backs promised and not yet due */
	RINGS_DEFAULT = 3,	     /* while the measures say nothing */
	RING_ON_MS = 1000,
	RING_OFF_MS = 4000,
	OPERATOR_WAIT_MS = 60000,
	RETURNED_MS = 30000,
	HOLD_REMIND_MS = 90000,
	DESK_GRACE_MS = 20000,
};

/* ---- state ---- */

enum leg_state {
	LEG_FREE,
	LEG_OFFERED,  /* incoming: nothing sent yet */
	LEG_RUNG,     /* incoming: 180 sent */
	LEG_PROGRESS, /* incoming: 183 with our sound */
	LEG_DIALLED,  /* outgoing: nothing heard yet */
	LEG_RINGING,  /* outgoing: 180 */
	LEG_EARLY,    /* outgoing: 183 with sound */
	LEG_UP,	      /* answered */
	LEG_STATE_COUNT
};

/* ROLE_POSITION: an operator's headset or phone; in no call's list, `call` is the one in hand. */
enum leg_role { ROLE_CALLER, ROLE_TARGET, ROLE_CONSULT, ROLE_POSITION };
enum sound { SOUND_NONE, SOUND_PLAY, SOUND_TONE, SOUND_MUSIC, SOUND_JOIN, SOUND_CONFER };

enum leg_flag {
	LEG_IN = 1,	 /* came to us */
	LEG_HELD = 2,	 /* its far end holds it */
	LEG_BY_MAIN = 4, /* an inside caller who asked the switchboard (A4.1.3: screened too) */
	LEG_WITHHELD = 8,
	LEG_RECORDING = 16,
};

enum leg_tape { TAPE_NONE, TAPE_ON, TAPE_OVER };

struct leg {
	uint8_t state, role, sound, flags;
	uint16_t gen;
	uint16_t call, next;	       /* call's list of legs beside the caller */
	uint16_t ext;		       /* slot of its extension, NONE16 over a trunk */
	uint16_t trunk;		       /* 0 none */
	uint16_t line_prev, line_next; /* legs of the same extension or trunk */
	uint16_t ring_prev, ring_next; /* ringing legs of the same pick-up group */
	uint16_t joined;
	uint8_t ring_group; /* 0 not in such a list */
	uint8_t position;   /* of ROLE_POSITION: 1 up */
	uint8_t tape;	    /* enum leg_tape */
	uint32_t extension;
	uint32_t play;		   /* serial, 0 none */
	uint32_t tape_serial;
	int64_t tape_ms;	   /* monotonic: when it was begun */
	char number[EVENT_NUMBER]; /* who is at its far end */
	char name[EVENT_NAME];
};

/* What kind of target is rung: the rows of "What follows each outcome". */
enum target_row {
	TO_ORDINARY,	    /* employee, department (A4.1.2) */
	TO_GENERAL_MANAGER, /* A4.1.3 */
	TO_GAD_MANAGER_GM,  /* GAD's manager, after the general manager */
	TO_CHAIRMAN,	    /* A4.1.4: never rung for a guarded caller */
	TO_SECRETARY,	    /* of chairman or vice chairman */
	TO_CUSTOMER,	    /* customer service */
	TO_GAD,		    /* unclear (A4.1.7) */
	TO_GAD_MANAGER,	    /* GAD's manager, after GAD */
	TO_COUNT
};

enum outcome {
	OUTCOME_ANSWERED, /* general manager: by consent */
	OUTCOME_BUSY,
	OUTCOME_NO_ANSWER,
	OUTCOME_REFUSED,
	OUTCOME_UNREACHABLE,
	OUTCOME_AWAY,
	OUTCOME_CLOSED,
	OUTCOME_VACANT,
	OUTCOME_COUNT
};

/* What happens after a sentence, or on a key. */
enum next {
	NX_NONE,
	NX_THROUGH,
	NX_ASK_BUSY,
	NX_ASK_NO_ANSWER,
	NX_ASK_GM_ABSENT,
	NX_ASK_GM_BUSY,
	NX_ASK_SECRETARY_BUSY,
	NX_MESSAGE,	      /* for whom was asked */
	NX_MESSAGE_GAD,	      /* for GAD */
	NX_MESSAGE_URGENT,    /* customer service: urgent, copy to GAD */
	NX_MESSAGE_CALL_BACK, /* the same, and a call back is promised */
	NX_GAD_MANAGER_GM,
	NX_GAD_MANAGER,
	NX_SECRETARY,
	NX_WAIT,	 /* until free */
	NX_WAIT_CONSULT, /* until the general manager can be asked */
	NX_WAIT_CUSTOMER,
	NX_OTHER,  /* another extension is asked for */
	NX_GAD,
	NX_RECORD_MESSAGE,
	NX_RECORD_SCREENING,
	NX_CONSULT,
	NX_END, /* told: the call is ended */
	NX_END_KEPT,
	NX_END_FEATURE,
	NX_REJECT, /* an unanswered caller heard why: final code */
	NX_ANNOUNCE, /* the attendant's announcement */
	NX_NOTICED,  /* to whom the notice was on the way to */
	NX_DESK,   /* back to the operator who sent him there */
	NX_COUNT
};

enum call_state {
	CALL_FREE,
	CALL_RING,     /* the ring clock of A4.1.1: positions ring */
	CALL_ANNOUNCE, /* the three parts (A4.2); a digit stops them */
	CALL_DIGITS,   /* digits of an extension come, or are awaited */
	CALL_SAY,      /* a sentence, then `then` */
	CALL_ASK,      /* a question with keys: `menu` */
	CALL_TARGET,   /* somebody's phone rings */
	CALL_WAIT,     /* music until somebody is free */
	CALL_SCREEN,   /* surname, organisation and matter are spoken */
	CALL_CONSULT,  /* the general manager's phone rings, or he listens and decides */
	CALL_ENQUIRY,  /* a name is typed */
	CALL_HITS,     /* names are read out, one is chosen */
	CALL_RECORD,   /* a message is spoken */
	CALL_REVIEW,   /* keep, hear, anew */
	CALL_KEEP,     /* until the message is durable; the caller may have gone */
	CALL_TALK,     /* caller and peer are together, or one holds the other */
	CALL_PARK,
	CALL_CLOSE, /* the switchboard closes: told, then ended */
	CALL_FETCH, /* an operator's phone is called, the caller waits as before */
	CALL_DESK,  /* an operator has the caller, perhaps an outcome to tell */
	CALL_HELD,  /* music, an operator will come back */
	CALL_QUEUE, /* waits for an operator: asked, returned, lost, handed */
	CALL_THREE, /* caller, operator and consulted together */
	CALL_DIAL,  /* an operator calls somebody, who is the caller once there */
	CALL_BOX_WHO,  /* a mailbox: the extension is typed */
	CALL_BOX_PIN,  /* its PIN is typed: digits that nobody writes down */
	CALL_BOX_WAIT, /* until the mailbox answers */
	CALL_BOX_HEAR, /* a message is heard, then a key is asked for */
	CALL_BOX_RING, /* the phone of whoever a message is for rings */
	CALL_NOTICE, /* the caller is told that the call will be recorded */
	CALL_STATE_COUNT
};

enum call_flag {
	CALL_ATTENDED = 1, /* Article 4 applies: sentences, questions, messages */
	CALL_EMERGENCY = 2,
	CALL_WOKEN = 4,	      /* what was waited for is free */
	CALL_TRANSFERRED = 8, /* who is the caller now didn't dial */
	CALL_CLOSING_FLAG = 16,
	CALL_COMPLAINT = 32, /* A4.1.6 */
	CALL_URGENT = 64,
	CALL_HUNG_UP = 128, /* the caller left while a message was being made */
};

enum desk_flag {
	DESK_OF = 1,	    /* of the desk until connected elsewhere */
	DESK_GREETED = 2,   /* a person has answered */
	DESK_CONSULTED = 4, /* the consulted person answered */
	DESK_OWN = 8,	    /* … at the guarded principal's own number: consent (b) may be said */
	DESK_VOICE = 16,    /* at the recorder for the operator, and back */
};

enum box_flag {
	BOX_OWN = 1,	  /* at one's own phone: the PIN alone is asked for */
	BOX_TYPED = 2,	  /* digits that are secret lie in `digits` */
	BOX_INTRO = 4,	  /* how many there are is still to be said */
	BOX_CONTENT = 8,  /* the message plays, not the question after it */
	BOX_WHOLE = 16,	  /* what plays is all of it: heard to its end it is heard */
	BOX_MARKED = 32,  /* … and was noted */
	BOX_REMOVED = 64, /* that one was deleted is still to be said */
	BOX_CALLED = 128, /* we called: what comes of it is still to be told */
};

enum { SAW_BUSY = 1, SAW_NO_ANSWER = 2, SAW_REFUSED = 4, SAW_UNREACHABLE = 8, SAW_AWAY = 16 };

struct path_step {
	uint8_t step, clause;
	uint16_t pad;
	uint32_t after_ms; /* since the call began */
};

struct call {
	uint8_t state, then, menu, to;
	uint8_t flags, attempts, hops, empties;
	uint8_t asks, cursor, saw, consent;
	uint8_t digit_count, hit_count, path_at, path_count;
	uint16_t edition, caller, peer, first_leg;
	uint16_t leg_count, wait_prev, wait_next, wait_ext;
	uint16_t park, out_trunk, reject_code, reject_why;
	uint32_t tried;				 /* trunks, a bit each */
	uint32_t asked_person, asked_department; /* whom the caller wants: a message is for them */
	uint32_t ext, person, department;	 /* who is rung */
	uint32_t consent_person;
	uint32_t pending; /* serial of a recording or keep awaited, 0 none */
	uint32_t message, message_ms, screening, screening_ms;
	uint32_t from_ext; /* on whose account a trunk is used, or who parked */
	uint32_t hits[HITS_MAX];
	uint32_t message_clause;
	uint32_t ringing;	  /* positions that ring: bit (position - 1) */
	uint8_t position;	  /* whose it is, 1 up; 0 nobody's */
	uint8_t desk;		  /* DESK_ flags */
	uint8_t ring, queued;	  /* ring of the clock, or stage of the queue; why it waits */
	uint8_t outcome, screened; /* enum exchange_outcome; SCREEN_ bits */
	uint8_t sentence, sentence_clause; /* what Article 4 says now */
	uint8_t from; /* FETCH: the state it came from */
	uint8_t long_told; /* TALK: reminded that it is long, 0 or put off */
	uint8_t tape;	   /* NOTICE: enum exchange_tape */
	struct target noticed; /* NOTICE: NX_NOTICED leads there */
	uint16_t rev;
	uint32_t over; /* serial of what is played over a join, 0 none: to exchange_over_leg */
	uint64_t call_no;
	int64_t began_wall_ms, since_wall_ms;
	int64_t wait_due_ms;	   /* monotonic end of a wait, 0 none */
	int64_t remind_wall_ms;	   /* HELD: when to speak to the caller */
	int64_t outside_ms;	   /* monotonic: together with the outside since, 0 not yet */
	int64_t box;		   /* the message at hand, 0 none */
	uint32_t box_person;	   /* whose mailbox; 0 nobody's number was typed */
	uint32_t box_count;	   /* new messages, to be told before the first */
	uint8_t box_stage, box_flags, box_asked, box_pad[5]; /* asked: enum box_ask, in BOX_WAIT */
	char show[EVENT_NAME];	   /* what the target's phone shows, "" the caller's name */
	char park_number[16];
	char number[EVENT_NUMBER]; /* the caller's, kept for a message */
	char name[EVENT_NAME];
	char dialled[EVENT_NUMBER];
	char digits[DIGITS_MAX + 1];
	char out[EVENT_NUMBER]; /* dialled over a trunk, prefix taken off */
	struct path_step path[EXCHANGE_PATH];
};

enum forward { FORWARD_ALWAYS, FORWARD_BUSY, FORWARD_NO_ANSWER, FORWARD_COUNT };

struct ext {
	uint32_t id; /* 0 free */
	uint16_t first_leg, leg_count;
	uint16_t wait_first, wait_last;
	uint8_t reachable, lamp, dnd, forward_set; /* forward_set: bit a forward of the day */
	int64_t dnd_until_ms;			   /* 0 without end */
	char forward[FORWARD_COUNT][EVENT_NUMBER];
};

struct away {
	uint32_t person; /* 0 free */
	uint32_t pad;
	int64_t until_ms;
};

struct instruction {
	uint32_t person, by;
	uint32_t id;
	uint8_t refuse, by_name, pad[2];
	int64_t until_ms;
	char number[EVENT_NUMBER];
};

enum { LOST_PAGE = 1, LOST_SOUND = 2 };

struct position {
	uint8_t known, state, before, lost; /* before: the state under LOST; LOST_ bits */
	uint8_t nailed, over, pad[2];	    /* over: lost, and its grace has passed */
	uint16_t headset, call;		    /* leg; call in hand */
	uint32_t person, extension;	    /* extension: of the phone that is its sound */
	uint32_t pad2;
	int64_t since_wall_ms, until_wall_ms;
	int64_t last_ms; /* when it last had a call, or was offered one */
};

struct promise {
	uint32_t extension; /* 0 free */
	uint32_t person;
	uint8_t position, pad[7];
	char number[EVENT_NUMBER];
};

struct trunk_state {
	uint16_t first_leg, leg_count;
	uint8_t off, pad[3];
};

struct map_slot {
	uint32_t key; /* 0 free */
	uint32_t value;
};

enum call_timer { TIMER_STATE, TIMER_WORD };

struct exchange {
	struct exchange_caps caps;
	uint32_t org;
	uint32_t bytes;
	/* where the tables begin, in bytes from here */
	uint32_t at_calls, at_legs, at_exts, at_away, at_ext_map, at_away_map, at_serial_map;
	uint32_t at_due, at_heap, at_place;
	uint32_t ext_map_size, away_map_size, serial_map_size;
	uint32_t timers, heap_count;
	uint32_t serial; /* last given out */
	uint16_t free_call, free_leg, free_ext, free_away;
	uint16_t call_count, leg_count;
	uint16_t wait_first, wait_last; /* callers who wait for a department */
	uint8_t closing, pad;
	uint16_t close_cursor;
	uint64_t ignored, forbidden;
	uint32_t edition_calls[EXCHANGE_EDITIONS];
	struct trunk_state trunk[EXCHANGE_TRUNKS + 1];
	uint16_t park[EXCHANGE_PARK_SLOTS];
	uint16_t group_ring[256];
	struct instruction instruction[EXCHANGE_INSTRUCTIONS];
	struct position position[EXCHANGE_POSITIONS];
	struct promise promise[PROMISES];
	uint32_t promises;
	uint32_t positions; /* ever on duty: bit (position - 1) */
};

/* ---- one step's working set ---- */

struct turn {
	struct exchange *x;
	const struct exchange_rules *rules;
	const struct now *now;
	struct effects *fx;
	struct call *calls;
	struct leg *legs;
	struct ext *exts;
	uint16_t touched[TOUCHED_MAX]; /* calls whose view has changed */
	unsigned touched_count;
	uint32_t positions; /* whose view has changed */
};

/* What a call's state is told. */
enum cue_kind {
	CUE_DIGIT,  /* from the caller */
	CUE_PLAYED, /* to the caller */
	CUE_TIMER,
	CUE_WORD, /* the second timer */
	CUE_RINGING,
	CUE_EARLY,
	CUE_UP,	       /* a leg that we dialled was answered */
	CUE_DOWN,      /* a leg beside the caller has gone: outcome */
	CUE_GONE,      /* the caller has gone */
	CUE_LEG_DIGIT, /* from a leg beside the caller */
	CUE_LEG_PLAYED,
	CUE_RECORDED,
	CUE_KEPT,
	CUE_NOT_KEPT,
	CUE_HELD,
	CUE_RETRIEVED,
	CUE_CLOSING,
	CUE_BOX,     /* the mailbox has answered: box */
	CUE_HEADSET, /* the operator's sound has come, gone or changed */
};
#define CUE_BIT(k) (1u << (k))

struct cue {
	enum cue_kind kind;
	struct leg *leg; /* NULL when it has gone */
	char digit;
	enum outcome outcome;
	uint16_t code;
	uint32_t ms;
	bool failed; /* what was to be recorded or played couldn't be */
	const struct event *box;
	enum exchange_end why;
};

/* ---- map.c ---- */
uint32_t exchange_map_get(const struct map_slot *m, uint32_t size,
			  uint32_t key); /* UINT32_MAX none */
void exchange_map_put(struct map_slot *m, uint32_t size, uint32_t key, uint32_t value);
void exchange_map_drop(struct map_slot *m, uint32_t size, uint32_t key);

/* ---- timers.c ---- */
void exchange_timer_arm(struct turn *t, struct call *c, enum call_timer which, int64_t after_ms);
void exchange_timer_disarm(struct turn *t, struct call *c, enum call_timer which);
bool exchange_timer_armed(const struct exchange *x, uint32_t timer);
void exchange_timer_arm_closing(struct turn *t, int64_t after_ms);
void exchange_timer_arm_position(struct turn *t, uint16_t position, int64_t after_ms);
void exchange_timer_disarm_position(struct turn *t, uint16_t position);
/* The earliest that is due, UINT32_MAX none; it is taken off. */
uint32_t exchange_timer_take(struct turn *t);
uint32_t exchange_timer_closing(const struct exchange *x);
void exchange_timers_init(struct exchange *x);

/* ---- state.c: layout and small access ---- */
struct call *exchange_calls_at(const struct exchange *x);
struct leg *exchange_legs_at(const struct exchange *x);
struct ext *exchange_exts_at(const struct exchange *x);
struct away *exchange_away_at(const struct exchange *x);
struct map_slot *exchange_map_at(const struct exchange *x, uint32_t at);
int64_t *exchange_due_at(const struct exchange *x);
uint32_t *exchange_heap_at(const struct exchange *x);
uint32_t *exchange_place_at(const struct exchange *x);
uint16_t exchange_call_index(const struct turn *t, const struct call *c);
uint16_t exchange_leg_index(const struct turn *t, const struct leg *l);
leg_id exchange_leg_id_of(const struct turn *t, const struct leg *l);
struct leg *exchange_leg_at(const struct turn *t, uint16_t i);	/* NULL for NONE16 */
struct leg *exchange_leg_find(const struct turn *t, leg_id id); /* NULL when it has gone */
const struct measures *exchange_call_measures(const struct turn *t, const struct call *c);
const struct directory *exchange_call_directory(const struct turn *t, const struct call *c);
struct effect *exchange_effect_add(struct turn *t, enum effect_kind k, const struct leg *l);
uint32_t exchange_serial_new(struct turn *t);
void exchange_call_await(struct turn *t, struct call *c, uint32_t serial); /* 0 forgets */
struct call *exchange_call_awaiting(struct turn *t, uint32_t serial);

void exchange_call_show(struct turn *t, struct call *c);  /* its view has changed */
void exchange_call_touch(struct turn *t, struct call *c); /* … and what a command meets: rev */
bool exchange_call_is_desk(const struct exchange *x, const struct call *c);

/* ---- leg.c ---- */
struct leg *exchange_leg_new_position(struct turn *t, uint16_t position);
void exchange_leg_confer(struct turn *t, struct leg *a, struct leg *b, struct leg *c);
struct leg *exchange_leg_new(struct turn *t, struct call *c, enum leg_role role);
void exchange_leg_line_extension(struct turn *t, struct leg *l, struct ext *e,
				 uint8_t exchange_pickup_group);
void exchange_leg_line_trunk(struct turn *t, struct leg *l, uint16_t trunk);
void exchange_leg_ring_on(struct turn *t, struct leg *l, uint8_t group);
void exchange_leg_ring_off(struct turn *t, struct leg *l);
void exchange_leg_forget(struct turn *t, struct leg *l); /* the far end has gone already */
void exchange_leg_end(struct turn *t, struct leg *l, uint16_t code, enum exchange_end why);
void exchange_leg_state_set(struct turn *t, struct leg *l, enum leg_state s);
void exchange_leg_silence(struct turn *t, struct leg *l); /* parts, or stops what plays */
struct effect *exchange_leg_play(struct turn *t, struct leg *l);
void exchange_say(struct effect *play, enum phrase_kind k, uint32_t arg, const char *digits);
void exchange_leg_tone(struct turn *t, struct leg *l, enum tone tone);
void exchange_leg_music(struct turn *t, struct leg *l);
void exchange_leg_join(struct turn *t, struct leg *a, struct leg *b);
void exchange_leg_show(struct turn *t, struct leg *to, const char *number, const char *name);
void exchange_leg_answer(struct turn *t, struct leg *l);
void exchange_leg_move(struct turn *t, struct leg *l, struct call *to, enum leg_role role);
void exchange_ext_lamp(struct turn *t, struct ext *e);

/* ---- call.c ---- */
struct call *exchange_call_new(struct turn *t, uint64_t call_no, const char *dialled);
bool exchange_call_room(const struct exchange *x); /* for one that isn't an emergency */
void exchange_call_goto(struct turn *t, struct call *c, enum call_state s);
const char *exchange_call_state_name(enum call_state s);
bool exchange_call_permits(enum call_state s, enum cue_kind k);
void exchange_call_cue(struct turn *t, struct call *c, const struct cue *cue);
struct effect *exchange_call_step(struct turn *t, struct call *c, enum step_kind k, enum clause cl);
void exchange_call_finish(struct turn *t, struct call *c, uint16_t code, enum exchange_end why);
void exchange_call_drop_legs(struct turn *t, struct call *c, const struct leg *but,
			     enum exchange_end why);
void exchange_call_identity(struct turn *t,
			    struct call *c); /* number and name from its caller's leg */
struct leg *exchange_call_caller(const struct turn *t, const struct call *c);
struct leg *exchange_call_peer(const struct turn *t, const struct call *c);

/* ---- caller.c: what the caller hears ---- */
void exchange_caller_open(struct turn *t, struct call *c); /* answered, or 183 for inside callers */
void exchange_caller_answer(struct turn *t, struct call *c);
void exchange_caller_ringback(struct turn *t, struct call *c);
struct effect *exchange_caller_play(struct turn *t, struct call *c);
void exchange_caller_music(struct turn *t, struct call *c);
void exchange_caller_say(struct turn *t, struct call *c, enum phrase_kind k, enum next then);
void exchange_caller_then(struct turn *t, struct call *c,
			  enum next then); /* after exchange_caller_play */
void exchange_caller_refuse(struct turn *t, struct call *c, enum phrase_kind k, uint16_t code,
			    enum exchange_end why);

/* ---- article4.c ---- */
struct exchange_article4_row {
	enum phrase_kind sentence;
	enum next next;
	enum clause clause;
};
const struct exchange_article4_row *exchange_article4_row(enum target_row to, enum outcome o);
void exchange_article4_outcome(struct turn *t, struct call *c, enum outcome o);
/* What the attendant says of an outcome that is in the log already. */
void exchange_article4_tell(struct turn *t, struct call *c, enum outcome o);
enum phrase_kind exchange_article4_question(enum next n); /* PHRASE_NONE: no question */
void exchange_article4_next(struct turn *t, struct call *c, enum next n);
void exchange_ask_start(struct turn *t, struct call *c, enum next menu, struct effect *play);
void exchange_ask_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_say_on(struct turn *t, struct call *c, const struct cue *cue);

/* ---- attendant.c ---- */
void exchange_attendant_start(struct turn *t, struct call *c);
void exchange_attendant_announce(struct turn *t, struct call *c);
void exchange_attendant_no_operator(struct turn *t, struct call *c); /* `0`, and nobody */
void exchange_attendant_other(struct turn *t, struct call *c);
void exchange_attendant_digits_wait(struct turn *t, struct call *c);
void exchange_attendant_unclear(struct turn *t, struct call *c, enum phrase_kind why);
void exchange_attendant_announce_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_attendant_digits_on(struct turn *t, struct call *c, const struct cue *cue);

/* ---- target.c, group.c, forward.c ---- */
void exchange_target_seek(struct turn *t, struct call *c, struct target tg);
void exchange_target_person(struct turn *t, struct call *c, const struct directory_person *p);
void exchange_target_ring(struct turn *t, struct call *c);
bool exchange_target_dial(struct turn *t, struct call *c, const struct directory_extension *e,
			  enum leg_role role);
void exchange_target_answered(struct turn *t, struct call *c, struct leg *l);
void exchange_target_on(struct turn *t, struct call *c, const struct cue *cue);
enum outcome exchange_target_state(struct turn *t, struct call *c,
				   const struct directory_extension *e);
enum outcome exchange_outcome_of(const struct leg *l, uint16_t code);
enum exchange_end exchange_end_of(enum outcome o); /* of a call that is only rung */
void exchange_outcome_saw(struct call *c, enum outcome o);
enum outcome exchange_outcome_seen(const struct call *c);
void exchange_group_start(struct turn *t, struct call *c, const struct directory_department *d,
			  enum target_row to);
bool exchange_group_ring(struct turn *t, struct call *c);
bool exchange_group_next(struct turn *t, struct call *c);
bool exchange_group_free(struct turn *t, struct call *c);
void exchange_gad_start(struct turn *t, struct call *c); /* it is unclear whom he wants (A4.1.7) */
void exchange_gad_asked(struct turn *t, struct call *c); /* he pressed 0 in office hours (A4.2) */
void exchange_gad_manager_start(struct turn *t, struct call *c, enum target_row to);
bool exchange_forward_follow(struct turn *t, struct call *c, const struct directory_extension *e,
			     enum forward f);

/* ---- wait.c ---- */
void exchange_wait_start(struct turn *t, struct call *c, uint32_t limit_ms);
void exchange_wait_leave(struct turn *t, struct call *c);
bool exchange_wait_again(struct turn *t, struct call *c);
void exchange_wait_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_wait_wake(struct turn *t, struct ext *e);

/* ---- consent.c, screening.c ---- */
const struct directory_person *exchange_guard_of(const struct turn *t, const struct call *c,
						 uint32_t extension);
bool exchange_guard_applies(const struct turn *t, const struct call *c, const struct leg *party,
			    const struct directory_person *guarded);
bool exchange_guard_caller(const struct turn *t, const struct call *c, uint32_t extension);
void exchange_consent_give(struct turn *t, struct call *c, uint32_t person, unsigned fact);
void exchange_consent_own_act(struct turn *t, struct call *c, const struct leg *guarded);
void exchange_consent_dialled(struct turn *t, struct call *c, const struct leg *peer);
bool exchange_consent_holds(struct turn *t, struct call *c, const struct leg *a,
			    const struct leg *b);
bool exchange_consent_instruction(struct turn *t, struct call *c, uint32_t person);
bool exchange_consent_forbidden(struct turn *t, struct call *c, uint32_t person);
const struct instruction *exchange_instruction_by_name(const struct turn *t, uint32_t id);
void exchange_consent_missing(struct turn *t, struct call *c, uint32_t person);
void exchange_screening_start(struct turn *t, struct call *c, const struct directory_person *gm);
void exchange_screening_record(struct turn *t, struct call *c);
void exchange_screening_consult(struct turn *t, struct call *c);
void exchange_screening_announce(struct turn *t, struct call *c, struct leg *l);
void exchange_screening_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_consult_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_secretary_start(struct turn *t, struct call *c,
			      const struct directory_person *principal);

/* ---- enquiry.c, message.c ---- */
void exchange_enquiry_start(struct turn *t, struct call *c);
void exchange_enquiry_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_hits_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_message_start(struct turn *t, struct call *c);
void exchange_message_record(struct turn *t, struct call *c);
void exchange_message_record_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_message_review_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_message_keep_on(struct turn *t, struct call *c, const struct cue *cue);

/* ---- mailbox.c ---- */
void exchange_mailbox_start(struct turn *t, struct call *c);
void exchange_mailbox_called(struct turn *t, struct call *c); /* his phone was answered */
void exchange_mailbox_digits_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_mailbox_wait_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_mailbox_hear_on(struct turn *t, struct call *c, const struct cue *cue);

/* ---- boxcall.c ---- */
void exchange_boxcall_event(struct turn *t, const struct event *ev);
void exchange_boxcall_on(struct turn *t, struct call *c, const struct cue *cue);
/* What came of the call, once; of any other call nothing. */
void exchange_boxcall_told(struct turn *t, struct call *c, enum outcome o, bool opened);

/* ---- talk.c: together, hold ---- */
void exchange_talk_sound(struct turn *t, struct call *c);
bool exchange_talk_start(struct turn *t, struct call *c, struct leg *peer);
void exchange_talk_on(struct turn *t, struct call *c, const struct cue *cue);

/* ---- phone.c, feature.c, trunk.c: who calls what ---- */
void exchange_invite_in(struct turn *t, const struct event *ev);
void exchange_phone_dials(struct turn *t, struct call *c, const char *dialled);
bool exchange_feature_dialled(struct turn *t, struct call *c, const char *dialled);
void exchange_trunk_start(struct turn *t, struct call *c, uint32_t account, const char *digits);
void exchange_trunk_emergency(struct turn *t, struct call *c, const char *digits);
bool exchange_trunk_next(struct turn *t, struct call *c);
bool exchange_trunk_make_room(struct turn *t);
const char *exchange_outside_digits(const struct measures *m,
				    const char *dialled); /* NULL: not outside */

/* ---- pickup.c, park.c, transfer.c ---- */
void exchange_pickup_group(struct turn *t, struct call *c);
void exchange_pickup_direct(struct turn *t, struct call *c, const char *number);
void exchange_pickup_leg(struct turn *t, struct call *c, struct leg *ringing);
void exchange_call_merge(struct turn *t, struct call *from, struct call *into,
			 enum exchange_end why);
int exchange_park_slot(const struct measures *m, const char *number); /* -1 none */
void exchange_park_put(struct turn *t, struct call *c, struct leg *party, int slot, uint32_t by);
void exchange_park_dialled(struct turn *t, struct call *c);
bool exchange_park_retrieve(struct turn *t, struct call *c, int slot);
void exchange_park_leave(struct turn *t, struct call *c);
int exchange_park_free(const struct turn *t, const struct measures *m);
void exchange_park_number(const struct measures *m, int slot, char *out, size_t cap);
void exchange_park_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_transfer_refer(struct turn *t, struct leg *by, const struct event *ev);
void exchange_transfer_replaces(struct turn *t, struct call *c, const struct event *ev);

/* ---- day.c ---- */
struct ext *exchange_ext_find(const struct turn *t, uint32_t id); /* NULL: never heard of */
struct ext *exchange_ext_have(struct turn *t, uint32_t id);	  /* NULL: table full */
bool exchange_ext_busy(const struct turn *t, const struct ext *e,
		       const struct directory_extension *d);
bool exchange_ext_dnd(const struct turn *t, const struct ext *e, int64_t *until_ms);
bool exchange_person_away(const struct turn *t, uint32_t person, int64_t *until_ms);
const char *exchange_ext_forward(const struct turn *t, const struct directory_extension *d,
				 enum forward f);
void exchange_day_set(struct turn *t, const struct event *ev);
void exchange_day_sweep(struct turn *t);
void exchange_day_feature(struct turn *t, struct call *c, enum day_set set, bool on,
			  const char *number);
void exchange_closing_start(struct turn *t);
void exchange_closing_more(struct turn *t);
void exchange_close_on(struct turn *t, struct call *c, const struct cue *cue);

/* ---- position.c: positions and their sound ---- */
struct position *exchange_position_at(const struct turn *t, uint16_t position); /* 1 up */
uint16_t exchange_position_no(const struct turn *t, const struct position *p);
struct position *exchange_position_of(const struct turn *t, const struct call *c); /* NULL none */
bool exchange_position_on(const struct position *p); /* on duty, for new calls too */
bool exchange_positions_on(const struct turn *t);    /* the manual state (A3.3) */
bool exchange_position_keeps(const struct position *p); /* what it holds stays with it */
struct call *exchange_position_call(const struct turn *t, const struct position *p);
bool exchange_position_hands(const struct turn *t, const struct call *c); /* c is in hand */
struct leg *exchange_position_ear(const struct turn *t, const struct position *p);
bool exchange_position_may_ring(const struct turn *t, const struct position *p);
void exchange_position_touch(struct turn *t, const struct position *p);
void exchange_position_take(struct turn *t, struct position *p, struct call *c);
enum hands { HANDS_SWAP, HANDS_FREE, HANDS_OVER }; /* for another call; free; the call is over */
void exchange_position_free(struct turn *t, struct position *p, enum hands how);
bool exchange_position_may_dial(const struct turn *t, const struct position *p);
bool exchange_position_dial(struct turn *t, struct position *p);
uint32_t exchange_position_account(const struct turn *t, const struct call *c,
				   const struct position *p); /* its extension */
struct effect *exchange_position_step(struct turn *t, const struct position *p, enum step_kind k,
				      enum clause cl);
void exchange_position_timer(struct turn *t, uint32_t position);
void exchange_position_event(struct turn *t, const struct event *ev);
void exchange_position_leg_event(struct turn *t, struct leg *l, const struct event *ev);

/* ---- longcall.c: calls with the outside that last too long (A3.10) ---- */
/* The inside party of a talk with the outside, NULL when there is none. */
struct leg *exchange_long_inside(struct turn *t, const struct call *c);
/* How long it may last unreminded, in ms; 0: it isn't with the outside, or exempt. */
uint32_t exchange_long_limit(struct turn *t, const struct call *c);
void exchange_long_start(struct turn *t, struct call *c);
void exchange_long_word(struct turn *t, struct call *c);
void exchange_long_leave(struct turn *t, struct call *c);
/* Who hears what is played over the join. */
struct leg *exchange_over_leg(struct turn *t, const struct call *c);

/* ---- tape.c: calls that are recorded whole ---- */
/* True when the caller has to hear the notice first: then comes `then`. */
bool exchange_notice_line(struct turn *t, struct call *c, enum next then);
bool exchange_notice_target(struct turn *t, struct call *c, struct target tg); /* then there */
void exchange_notice_go_on(struct turn *t, struct call *c);
void exchange_notice_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_tape_stop(struct turn *t, struct call *c); /* a mailbox is opened */
void exchange_tape_leave(struct turn *t, struct leg *l); /* the leg goes */
void exchange_tape_event(struct turn *t, struct leg *l, const struct event *ev);

/* ---- ring.c: the ring clock, and waiting for an operator ---- */
void exchange_ring_start(struct turn *t, struct call *c);
/* After how many rings the attendant takes a call; 0 while nobody is on duty: no clock runs. */
uint32_t exchange_ring_clock(const struct turn *t, const struct call *c);
void exchange_ring_again(struct turn *t, struct call *c);
void exchange_ring_on(struct turn *t, struct call *c, const struct cue *cue);
uint32_t exchange_ring_bits(const struct turn *t, const struct call *c);
void exchange_queue_start(struct turn *t, struct call *c, enum exchange_queued why);
void exchange_queue_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_ring_duty(struct turn *t); /* who is on duty has changed */
struct call *exchange_ring_next(struct turn *t, const struct position *p);

/* ---- desk.c: commands ---- */
struct order { /* a command on its way */
	const struct event *ev;
	struct position *p;
	uint16_t other; /* REFUSAL_TAKEN: who has it */
};
void exchange_command_in(struct turn *t, const struct event *ev);

/* ---- desk_call.c: a call at the desk ---- */
void exchange_desk_sound(struct turn *t, struct call *c);
void exchange_desk_say(struct call *c, enum phrase_kind sentence, enum clause cl);
enum refusal exchange_desk_bring(struct turn *t, struct call *c, struct position *p);
void exchange_desk_arrive(struct turn *t, struct call *c);
void exchange_desk_release(struct turn *t, struct call *c); /* out of the hands, stays his */
void exchange_desk_hold(struct turn *t, struct call *c, enum hands how);
void exchange_desk_forget(struct turn *t, struct call *c);  /* nobody's any more */
void exchange_desk_outcome(struct turn *t, struct call *c, enum outcome o);
void exchange_desk_back(struct turn *t, struct call *c); /* to the operator, as it is */
void exchange_desk_guarded(struct turn *t, struct call *c, const struct directory_person *p);
void exchange_desk_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_fetch_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_held_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_three_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_dial_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_desk_consult_on(struct turn *t, struct call *c, const struct cue *cue);
void exchange_desk_promise_due(struct turn *t, const struct ext *e);

/* ---- desk_hold.c, desk_through.c, desk_consult.c: what commands do ---- */
#define DESK_DOES(name) enum refusal name(struct turn *t, struct call *c, struct order *o)
DESK_DOES(exchange_do_answer);
DESK_DOES(exchange_do_put_through);
DESK_DOES(exchange_do_let_go);
DESK_DOES(exchange_do_pull_back);
DESK_DOES(exchange_do_hold);
DESK_DOES(exchange_do_retrieve);
DESK_DOES(exchange_do_screen);
DESK_DOES(exchange_do_consult);
DESK_DOES(exchange_do_outcome);
DESK_DOES(exchange_do_consent_by_name);
DESK_DOES(exchange_do_conference);
DESK_DOES(exchange_do_leave);
DESK_DOES(exchange_do_park);
DESK_DOES(exchange_do_hand_over);
DESK_DOES(exchange_do_complaint);
DESK_DOES(exchange_do_wait_free);
DESK_DOES(exchange_do_call_back);
DESK_DOES(exchange_do_voice_message);
DESK_DOES(exchange_do_message_kept);
DESK_DOES(exchange_do_told);
DESK_DOES(exchange_do_greet);
DESK_DOES(exchange_do_remind_later);
DESK_DOES(exchange_do_hang_up);
enum refusal exchange_do_dial(struct turn *t, struct order *o);

/* Whom a command means. */
struct whom {
	const struct directory_extension *e;
	const struct directory_person *p;
	const struct directory_department *d;
	const char *outside; /* digits, prefix taken off */
	bool emergency;
};
bool exchange_whom(const struct turn *t, const struct call *c, const struct event *ev,
		   struct whom *w);
enum refusal exchange_outside_allowed(const struct turn *t, const struct call *c,
				      uint32_t account, const char *digits);

/* ---- desk_view.c ---- */
void exchange_desk_view(const struct turn *t, const struct call *c,
			struct exchange_call_view *out);
enum exchange_bay exchange_call_bay(const struct turn *t, const struct call *c);

#endif
