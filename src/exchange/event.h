/*
 * What can happen to the exchange: one plain value a happening. App makes them from what sip,
 * media, records and http report.
 */
#ifndef EXCHANGE_EVENT_H
#define EXCHANGE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t leg_id; /* index and generation, 0 is none; given out by the exchange */

#define EVENT_NUMBER 32
#define EVENT_NAME   64

enum event_kind {
	EV_TIMER,      /* the next due timer may have come: see exchange_next_due_ms */
	EV_INVITE,     /* a new leg from outside the exchange; answered by FX_BIND or FX_REJECT */
	EV_RINGING,    /* 180 on a leg that we dialled */
	EV_EARLY,      /* 183 with sound */
	EV_ANSWERED,   /* 2xx; sound flows */
	EV_FAILED,     /* final refusal of a leg that we dialled: code */
	EV_ENDED,      /* the far end hung up, cancelled, or the dialog is lost: code, 0 normal */
	EV_DIGIT,
	EV_HELD,       /* the far end holds the leg */
	EV_RETRIEVED,
	EV_REFER,      /* blind: number; attended: replaces names the leg of ours */
	EV_PLAYED,     /* the play of that serial has ended by itself; RECORDED_FAILED: unheard */
	EV_RECORDED,   /* recording has ended: recording, ms, why */
	EV_KEPT,       /* message or step is durable: serial */
	EV_NOT_KEPT,
	EV_SILENT,     /* no RTP for silent_line_ms */
	EV_BUSY_TONE,  /* an analog gateway's busy cadence */
	EV_REACHABLE,  /* extension has a binding (on) or none (off) */
	EV_TRUNK,      /* trunk usable (on) or not (off) */
	EV_SET,        /* state of the day: set, on, number, until_wall_ms, person or extension */
	EV_MEASURES,   /* a new version or directory snapshot is in force */
	EV_CLOSING,    /* the switchboard closes: every caller is told, then ended */
	EV_DESK,       /* a position comes, goes, or its page or headset does: desk */
	EV_COMMAND,    /* an operator's act: command; answered by exactly one FX_COMMAND */
	EV_TAPED,      /* the tape of the leg has ended by itself: serial, ms, why */
	EV_VOICE,      /* the leg has begun to speak (asked for by FX_LISTEN) */
	EV_BOX,        /* answers an FX_BOX: box */
	EV_BOX_CALL,   /* a person's own phone is to ring, for a message: box_call */
	EV_COUNT
};

enum recorded_why { RECORDED_DIGIT, RECORDED_MAX, RECORDED_SILENCE, RECORDED_STOPPED,
	RECORDED_HANGUP, RECORDED_BUSY_TONE, RECORDED_FAILED };

enum day_set { DAY_DND, DAY_FORWARD_ALWAYS, DAY_FORWARD_BUSY, DAY_FORWARD_NO_ANSWER, DAY_AWAY,
	DAY_INSTRUCTION };

/* What happens to a position (a signed-in operator with a headset or a phone). */
enum desk_act {
	DESK_ON,	 /* on duty (A3.3): person */
	DESK_OFF,	 /* off duty (A3.4) */
	DESK_AWAY,	 /* left for a moment: until_wall_ms, 0 not said */
	DESK_BACK,	 /* from AWAY */
	DESK_HEADSET,	 /* a browser's headset is up: channel. FX_BIND gives its leg; it takes the
			  * place of an earlier one */
	DESK_PHONE,	 /* sound by the phone of `extension` (0: no longer): nailed up when
			  * `nailed`, else called for each call */
	DESK_PAGE_LOST,	 /* no heartbeat */
	DESK_PAGE_BACK,	 /* a page is there: the first, or again */
	DESK_SOUND_LOST, /* no RTP from the headset */
	DESK_SOUND_BACK,
	DESK_ACT_COUNT
};

/* What an operator may want: names in commands.def. */
enum desk_command {
#define COMMAND(id, name) id,
#include "exchange/commands.def"
#undef COMMAND
	COMMAND_COUNT
};
const char *exchange_command_name(enum desk_command c);

/* Screening (A4.1.3): which of the three are answered; one that the caller declined counts. */
enum { SCREEN_SURNAME = 1, SCREEN_ORGANISATION = 2, SCREEN_MATTER = 4, SCREEN_ALL = 7 };

/* What a private consultation came to, said by the operator: COMMAND_OUTCOME's value. */
enum desk_outcome {
	DESK_AGREED,  /* 同意: joined. Only when a leg of this consultation was answered at the
		       * principal's own number (consent b) */
	DESK_REFUSED, /* 不接 */
	DESK_OTHER,   /* 改由他人接: target */
	DESK_LATER,   /* 稍后回电: a call back is promised */
	DESK_ABSENT,  /* 不在 */
	DESK_BUSY,    /* 占线 */
	DESK_OUTCOME_COUNT
};

/* Why the operator ended a call: COMMAND_HANG_UP's value. */
enum desk_hang_up { HANG_UP_DONE, HANG_UP_SILENT, HANG_UP_WRONG, HANG_UP_SALES, HANG_UP_NUISANCE,
	HANG_UP_FAX, HANG_UP_COUNT };

/* What came of an FX_BOX. */
enum box_answer {
	BOX_OPENED,  /* the PIN is right: count */
	BOX_WRONG,   /* it isn't, or nobody has this number */
	BOX_LOCKED,  /* too many wrong ones: not looked at */
	BOX_NO_PIN,  /* none was ever set */
	BOX_MESSAGE, /* a message; its sounds can be played in this step alone */
	BOX_NO_MORE,
	BOX_DONE,
	BOX_FAILED, /* storage doesn't answer */
	BOX_ANSWER_COUNT
};

/* Messages come in this order; those heard before, latest first. */
enum box_stage { BOX_URGENT, BOX_NEW, BOX_KEPT, BOX_STAGES };

enum { BOX_HAS_WORDS = 1, BOX_HAS_SOUND = 2, BOX_BAD_SOUND = 4, BOX_IS_URGENT = 8 };

struct event {
	enum event_kind kind;
	leg_id leg;
	union {
		struct {
			uint32_t channel;   /* app's handle of the session */
			uint64_t call_no;   /* unique for ever, for a new call */
			uint32_t extension; /* who calls: a registered extension … */
			uint16_t trunk;     /* … or a trunk (1 up); one of them */
			char dialled[EVENT_NUMBER];
			char number[EVENT_NUMBER]; /* caller's number, "" withheld */
			char name[EVENT_NAME];
			leg_id replaces;    /* RFC 3891: a leg of ours, 0 none */
			bool replaces_early_only;
			bool withheld;      /* the caller asks to be anonymous (RFC 3323) */
			uint8_t hops;       /* diversions so far (RFC 5806, History-Info) */
		} invite;
		struct {
			uint16_t code;
		} code; /* FAILED, ENDED */
		struct {
			char digit;
		} digit;
		struct {
			char number[EVENT_NUMBER];
			leg_id replaces;
		} refer;
		struct {
			uint32_t serial; /* of the play, recording, tape or keep */
			uint32_t ms;
			enum recorded_why why;
		} done;
		struct {
			uint32_t id; /* extension id or trunk */
			bool on;
		} presence;
		struct {
			enum day_set set;
			bool on;
			uint32_t extension, person, by;
			char number[EVENT_NUMBER];
			int64_t until_wall_ms;
			uint32_t id;	 /* DAY_INSTRUCTION: names it, for consent by name */
			bool refuse;	 /* DAY_INSTRUCTION: not to be asked; "" is everybody */
			bool by_name;	 /* DAY_INSTRUCTION: the operator confirms who it is */
		} day;
		struct {
			uint16_t position; /* 1 to EXCHANGE_POSITIONS */
			enum desk_act act;
			uint32_t person, extension;
			uint32_t channel;
			int64_t until_wall_ms;
			bool nailed;
		} desk;
		struct {
			uint16_t position, to_position;
			enum desk_command what;
			uint32_t serial;  /* echoed by FX_COMMAND */
			uint64_t call_no; /* 0: the call in hand; ANSWER: the next by rule;
					   * DIAL: the number of the call to be, from the app */
			uint16_t rev;	  /* of the call as the page saw it; 0: any */
			uint32_t person, department, extension; /* a target: one of them, or … */
			char number[EVENT_NUMBER];		/* … digits as dialled inside */
			char text[EVENT_NAME]; /* what a target's phone shows: 华建王先生 */
			uint32_t value;	       /* as the command says */
		} command;
		struct {
			uint32_t serial;
			enum box_answer answer;
			uint32_t count; /* OPENED: how many are new */
			int64_t message;
			enum box_stage stage;
			uint8_t has; /* BOX_HAS_ … bits */
			char when[9]; /* HHMMmmdd */
			char from[EVENT_NUMBER]; /* "" unknown */
		} box;
		struct {
			uint64_t call_no; /* of the call to be, from the app */
			uint32_t person;
		} box_call;
	};
};

#endif
