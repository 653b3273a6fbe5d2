/*
 * What the exchange wants done: plain values in order. App translates them to sip, media and
 * records; none is allowed to fail silently (failures come back as events).
 */
#ifndef EXCHANGE_EFFECT_H
#define EXCHANGE_EFFECT_H

#include "exchange/event.h"

enum effect_kind {
	FX_BIND,         /* the leg of this EV_INVITE: bind.channel belongs to leg */
	FX_REJECT,       /* this EV_INVITE gets no leg: bind.channel, bind.code */
	FX_RING,         /* 180 to an incoming leg */
	FX_PROGRESS,     /* 183 with sound from us, before the answer */
	FX_ANSWER,       /* 200 to an incoming leg */
	FX_END,          /* end leg whatever its state; the exchange has forgotten it: end */
	FX_DIAL,         /* a new leg towards an extension or a trunk: dial */
	FX_JOIN,         /* leg and other hear each other */
	FX_PART,         /* leg hears nobody and is heard by nobody */
	FX_PLAY,         /* phrases to the leg, replaces what it plays: play; then EV_PLAYED */
	FX_TONE,         /* endless tone to the leg, replaces what it plays: tone */
	FX_MUSIC,        /* music on hold to the leg, endless */
	FX_QUIET,        /* stop what plays */
	FX_RECORD,       /* record what the leg says: record; then EV_RECORDED */
	FX_RECORD_STOP,
	FX_KEEP,         /* make a message durable: keep; then EV_KEPT or EV_NOT_KEPT */
	FX_FORGET,       /* a recording that nobody will need: record.serial */
	FX_REFER_ANSWER, /* 202 or 603 to the REFER: code */
	FX_REFER_NOTIFY, /* message/sipfrag state of what the REFER started: code */
	FX_SHOW,         /* the leg's connected party changed: show */
	FX_DIALOG,       /* lamp of an extension (RFC 4235): dialog */
	FX_STEP,         /* a step of the procedure, for the event log: step */
	FX_DAY,          /* the state of the day changed and is to be kept: day */
	FX_COMMAND,      /* answers EV_COMMAND: command */
	FX_POSITION,     /* the view of this position has changed: position */
	FX_CALL,         /* the view of this call has changed, without a step: call */
	FX_CONFER,       /* leg, confer.other and confer.third hear each other */
	FX_TAPE,         /* keep both sides of the leg until it ends: tape; then EV_TAPED */
	FX_TAPE_STOP,    /* the leg's tape ends here */
	FX_LISTEN,       /* EV_VOICE once when the leg speaks */
	FX_BOX,          /* a mailbox is asked for something: box; then EV_BOX if it has a serial */
	FX_BOX_CALLED,   /* answers EV_BOX_CALL: box_called */
	FX_COUNT
};

enum tone { TONE_RINGBACK, TONE_BUSY, TONE_CONGESTION, TONE_VACANT, TONE_DIAL };

/* What is said. Each is a text of lang/ with the same name, some with an argument. */
enum phrase_kind {
#define PHRASE(id, name) id,
#include "exchange/phrases.def"
#undef PHRASE
	PHRASE_COUNT
};
const char *exchange_phrase_name(enum phrase_kind k); /* "attendant.greeting" … */

struct phrase {
	uint16_t kind;   /* enum phrase_kind */
	uint32_t arg;    /* id of a person, department or recording */
	char digits[16]; /* to be read digit by digit */
};

#define EFFECT_PHRASES 24

/* The clauses that steps name. */
enum clause {
	CLAUSE_HOUSE,
	CLAUSE_A3_3,
	CLAUSE_A3_4,
	CLAUSE_A3_8,
	CLAUSE_A3_10,
	CLAUSE_A4_1_1,
	CLAUSE_A4_1_2,
	CLAUSE_A4_1_3,
	CLAUSE_A4_1_4,
	CLAUSE_A4_1_5,
	CLAUSE_A4_1_6,
	CLAUSE_A4_1_7,
	CLAUSE_A4_2,
	CLAUSE_A5_7,
	CLAUSE_COUNT
};
const char *exchange_clause_name(enum clause c); /* "A4.1.3", "house" */

/* Why a command was refused; REFUSAL_NONE: done. */
enum refusal {
#define REFUSAL(id, name, clause) id,
#include "exchange/refusals.def"
#undef REFUSAL
	REFUSAL_COUNT
};
const char *exchange_refusal_name(enum refusal r);

/* What a step is: the vocabulary of the event log and of call records. */
enum step_kind {
#define STEP(id, name) id,
#include "exchange/steps.def"
#undef STEP
	STEP_COUNT
};
const char *exchange_step_name(enum step_kind k);

/* What a mailbox is asked for. */
enum box_ask {
	BOX_OPEN,   /* the person's, by pin */
	BOX_NEXT,   /* the message after `message` of `stage`; 0: the first */
	BOX_AGAIN,  /* `message` once more */
	BOX_HEARD,  /* `message` was heard to its end, or kept: no answer */
	BOX_DELETE, /* `message` is no longer read out: kept as a fact */
};

enum message_urgency { MESSAGE_ORDINARY, MESSAGE_URGENT };

/* Why a call is recorded whole. */
enum exchange_tape { EXCHANGE_TAPE_LINE, EXCHANGE_TAPE_COMPLAINT };
const char *exchange_tape_name(enum exchange_tape k); /* "line", "complaint" */

/* Why a call ended: STEP_ENDED's value, and what stands behind FX_END and FX_REJECT. */
enum exchange_end {
#define END_DEF(id, name) id,
#include "exchange/ends.def"
#undef END_DEF
	END_COUNT
};
const char *exchange_end_name(enum exchange_end e); /* "caller_hung_up" ... */

struct effect {
	enum effect_kind kind;
	leg_id leg;
	union {
		struct {
			uint32_t channel;
			uint16_t code;
			enum exchange_end why; /* of FX_REJECT */
		} bind;
		struct {
			uint16_t code; /* SIP response while unanswered (RFC 3261, 21), else BYE */
			enum exchange_end why; /* app words the Reason header (RFC 3326) by it */
		} end;
		struct {
			uint32_t extension; /* all its bindings ring, the first 2xx wins; or … */
			uint16_t trunk;     /* … over this trunk */
			char number[EVENT_NUMBER]; /* over a trunk: as dialled, prefix taken off */
			char from_number[EVENT_NUMBER];
			char from_name[EVENT_NAME];
			bool withheld;       /* caller's identity restricted (RFC 3323) */
			bool emergency;
			leg_id media_like;   /* offer this leg's codec first; 0 none */
			uint32_t timeout_ms; /* to the first response over a trunk */
		} dial;
		struct {
			leg_id other;
		} join;
		struct {
			uint32_t serial;
			uint8_t count;
			struct phrase phrase[EFFECT_PHRASES];
		} play;
		struct {
			enum tone tone;
		} tone;
		struct {
			uint32_t serial;
			uint32_t max_ms, silence_ms; /* silence that ends it, 0 none */
			bool beep;
		} record;
		struct {
			uint32_t serial;     /* echoed by EV_KEPT */
			uint32_t recording;  /* serial of the recording, 0 none */
			uint32_t recording_ms;
			uint32_t screening;  /* recording of who and what about; 0 none */
			uint32_t for_person, for_department;
			uint64_t call_no;
			char from_number[EVENT_NUMBER];
			char from_name[EVENT_NAME];
			enum message_urgency urgency;
			enum clause clause;
			uint32_t copy_department; /* who gets a copy (GAD), 0 nobody */
		} keep;
		struct {
			uint16_t code;
		} code; /* REFER_ANSWER, REFER_NOTIFY */
		struct {
			char number[EVENT_NUMBER];
			char name[EVENT_NAME];
		} show;
		struct {
			uint32_t extension;
			uint8_t state; /* 0 idle, 1 ringing, 2 busy */
		} dialog;
		struct {
			uint64_t call_no;
			enum step_kind step;
			enum clause clause;
			uint32_t person, department, extension; /* whom it is about, 0 none */
			uint16_t trunk;
			int32_t value;   /* milliseconds, code or count, as the step says */
			uint32_t recording; /* serial of a recording that belongs to it, 0 none */
			char number[EVENT_NUMBER]; /* STEP_ARRIVED: the caller's, "" withheld */
			char text[EVENT_NUMBER]; /* a number dialled, digits; never a PIN */
			char name[EVENT_NAME];
		} step;
		struct {
			enum day_set set;
			bool on;
			uint32_t extension, person, by;
			char number[EVENT_NUMBER];
			int64_t until_wall_ms;
		} day;
		struct {
			uint32_t serial;
			uint16_t position;
			enum refusal refusal;
			enum clause clause;
			uint64_t call_no;   /* of the call it was done to, 0 none */
			uint16_t other;	    /* REFUSAL_TAKEN: the position that has it, 0 none */
		} command;
		struct {
			uint16_t position;
		} position;
		struct {
			uint64_t call_no;
		} call;
		struct {
			leg_id other, third;
		} confer;
		struct {
			uint32_t serial; /* echoed by EV_BOX; 0 no answer is wanted */
			enum box_ask ask;
			uint32_t person; /* whose; OPEN: 0 nobody's, which is a wrong PIN */
			int64_t message;
			enum box_stage stage;
			int64_t since_wall_ms; /* KEPT are those heard before */
			char pin[16]; /* digits: never written down, wiped by whoever takes it */
		} box;
		struct {
			uint64_t call_no;
			/* enum exchange_outcome: ANSWERED, why nothing rings, or what it came to */
			uint8_t outcome;
			bool opened; /* by the right PIN; else nothing was heard of any message */
		} box_called;
		struct {
			uint32_t serial;
			enum exchange_tape kind;
			uint64_t call_no;
		} tape;
	};
};

/* One step's effects. The limit holds for every step: exchange_step asserts it. */
#define EFFECTS_MAX 96
struct effects {
	unsigned count;
	struct effect v[EFFECTS_MAX];
};

#endif
