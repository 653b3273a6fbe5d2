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
	EV_PLAYED,     /* the play of that serial has ended by itself */
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
	EV_COUNT
};

enum recorded_why { RECORDED_DIGIT, RECORDED_MAX, RECORDED_SILENCE, RECORDED_STOPPED,
	RECORDED_HANGUP, RECORDED_BUSY_TONE, RECORDED_FAILED };

enum day_set { DAY_DND, DAY_FORWARD_ALWAYS, DAY_FORWARD_BUSY, DAY_FORWARD_NO_ANSWER, DAY_AWAY,
	DAY_INSTRUCTION };

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
			uint32_t serial; /* of the play, recording or keep */
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
		} day;
	};
};

#endif
