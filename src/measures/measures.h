/*
 * The measures in force for one organisation: the rules of Article 4 and what the house decided
 * beside them, as one flat value. Made by app from the YAML document, never changed afterwards: a
 * call keeps the version that it began under (A7, A8). No pointers, zero padded.
 */
#ifndef MEASURES_MEASURES_H
#define MEASURES_MEASURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* The posts that Article 4 treats by name; everybody else is POST_EMPLOYEE. */
enum post {
	POST_EMPLOYEE,
	POST_CHAIRMAN,
	POST_VICE_CHAIRMAN,
	POST_GENERAL_MANAGER,
	POST_GAD_MANAGER,
	POST_SECRETARY,
	POST_OPERATOR,
	POST_COUNT
};
#define POST_BIT(p) (1u << (p))

/* How somebody is reached (A4.1.2-A4.1.7). */
enum reach { REACH_STRAIGHT, REACH_SCREENED, REACH_SECRETARY, REACH_DEPARTMENT, REACH_NONE };

/* What of an entry may be told, and to whom (A4.1.5). */
enum disclosure { DISCLOSE_ALL, DISCLOSE_INSIDE, DISCLOSE_NONE };

/* Classes of service, each includes those before it. */
enum service_class { CLASS_INSIDE, CLASS_CITY, CLASS_NATIONAL, CLASS_INTERNATIONAL, CLASS_COUNT };

/* Whom a new call rings first (A4.1.1). */
enum answer_strategy { ANSWER_LONGEST_IDLE, ANSWER_ALL, ANSWER_IN_ORDER };

enum organisation_kind { ORG_HEADQUARTERS, ORG_CONTROLLED, ORG_ASSOCIATED };

#define MEASURES_SPANS 4
struct measures_span {
	uint16_t from_minute, to_minute; /* of the day, to is exclusive; 0,0 unused */
};
struct measures_hours {
	struct measures_span day[7][MEASURES_SPANS]; /* by weekday, 0 Sunday */
};

#define MEASURES_DATES 128
struct measures_date {
	int16_t year;
	uint8_t month, day;
	bool work;           /* a make-up working day, else a holiday */
	uint8_t as_weekday;  /* whose hours a make-up day takes */
};

#define MEASURES_PREFIXES 64
struct measures_prefix {
	char prefix[16]; /* of the number without the outside prefix; "" matches all */
	uint8_t least_class; /* enum service_class */
};

#define MEASURES_EMERGENCY 8
#define MEASURES_HOURS_SETS 16
#define MEASURES_RECORDED_LINES 16

struct measures {
	uint32_t org;     /* stable id of the organisation */
	uint32_t version; /* counts up with each issue */
	int64_t effective_ms; /* A8 */
	enum organisation_kind kind;
	char company[64];     /* "某城集团": said in the greeting */
	char company_reading[128]; /* numbered pinyin: "mou3 cheng2 ji2 tuan2" */

	/* numbers */
	char main_number[16];    /* "8000" */
	char outside_prefix[4];  /* "9" */
	char operator_number[4]; /* "0" */
	uint8_t extension_digits_min, extension_digits_max;
	struct measures_prefix prefixes[MEASURES_PREFIXES];
	uint8_t prefix_count;
	char emergency[MEASURES_EMERGENCY][8]; /* 110 119 120 122 */
	uint8_t emergency_count;

	/* feature codes dialled from inside; "" is off */
	char code_pickup_group[8], code_pickup_direct[8], code_park[8], code_dnd_on[8],
		code_dnd_off[8], code_forward_always[8], code_forward_off[8], code_mailbox[8];
	/* the mailbox from outside, dialled at the attendant; "" not allowed */
	char mailbox_outside[8];
	char park_first[8];
	uint8_t park_slots;

	/* hours; set 0 is the office's */
	struct measures_hours hours[MEASURES_HOURS_SETS];
	struct measures_date dates[MEASURES_DATES];
	uint8_t date_count;
	uint16_t duty_margin_minutes; /* A5.10 */

	/* answering (A4.1.1) */
	uint32_t ring_on_ms, ring_off_ms; /* 1000, 4000 */
	uint8_t rings;                    /* 3 */
	uint32_t target_ring_ms;          /* 20000 */

	/* the desk */
	uint8_t answer_strategy;  /* enum answer_strategy: who rings at the first ring */
	uint8_t rings_all_from;   /* at this ring every position rings: 2 */
	uint32_t hold_remind_ms;  /* a held caller is to be spoken to: 90000 */
	uint32_t returned_ms;	  /* a returned call waits for its operator, then for any: 30000 */
	uint32_t desk_grace_ms;	  /* a vanished position's calls, until others take them: 20000 */
	uint32_t wrap_up_ms;	  /* after a call, 0 none */

	/* the automatic attendant (A4.2) */
	uint32_t first_digit_ms;  /* after the announcement until "nothing dialled" */
	uint32_t next_digit_ms;   /* between digits */
	uint8_t attempts;         /* wrong or empty tries before GAD or message */
	uint32_t choice_ms;       /* for a key when a question was asked */
	uint32_t wait_word_ms;    /* 20000: a word while somebody waits */
	uint32_t customer_wait_ms; /* 60000 */
	uint32_t operator_wait_ms;
	uint32_t free_wait_ms;     /* wait until free, at most */
	uint32_t consult_wait_ms;  /* wait for a busy general manager, at most */
	uint8_t directory_hits;   /* how many are read out at once */

	/* screening (A4.1.3) */
	bool screen_inside; /* inside callers who come by the main number are screened too */
	uint32_t screen_max_ms; /* how long surname, organisation, matter may be spoken */
	uint32_t consent_posts;  /* POST_BITs that may complete an attended transfer (consent c) */

	/* messages (A3.8) */
	uint32_t message_max_ms, message_min_ms, message_silence_ms;
	/* received within, or it comes back to the desk (A5.7); 0 never */
	uint32_t message_receive_ms, message_receive_urgent_ms;
	uint32_t message_next_ms, message_next_urgent_ms; /* then the recipient's next way too */
	uint32_t message_deputy_ms; /* after it came back: to the deputy; 0 never */

	/* calls */
	uint32_t silent_line_ms;  /* no RTP for this long ends the call; 0 never */
	uint32_t park_return_ms;
	bool trunk_to_trunk;      /* forwarding and transfer from outside to outside */
	uint32_t long_call_ms;    /* A3.10; 0 off */
	uint32_t long_call_again_ms, long_call_later_ms; /* until the next word; when put off */
	uint32_t long_call_exempt; /* POST_BITs that are not reminded */

	/* recording of whole calls; all off unless set */
	bool recording_complaints; /* A4.1.6: on the way to customer service */
	char recording_lines[MEASURES_RECORDED_LINES][16]; /* as dialled inside */
	uint8_t recording_line_count;
	uint16_t recording_keep_complaints_days, recording_keep_lines_days;

	/* where Article 4 sends what has no other place: ids in the directory */
	uint32_t gad_department;              /* A4.1.7 */
	uint32_t customer_service_department; /* A4.1.6 */
};

/* True when hours set `set` is open at `now`, holidays and make-up days taken into account. */
bool measures_open(const struct measures *m, unsigned set, const struct now *now);

/* The wall time at which hours set `set` will have been open for `ms` since from_ms: a time that
 * counts in office hours. Hours are looked at every quarter of an hour, MEASURES_OPEN_DAYS ahead at
 * the most. `local` tells the local time of a wall time. */
#define MEASURES_OPEN_DAYS 14
int64_t measures_open_after(const struct measures *m, unsigned set, int64_t from_ms, int64_t ms,
			    void (*local)(int64_t wall_ms, struct now *out));

/* How a post is reached (A4.1.2, A4.1.3, A4.1.4). */
enum reach measures_reach(enum post p);

/* The class that `digits` (outside prefix taken off) needs: longest prefix wins. CLASS_COUNT when
 * no prefix permits it. */
enum service_class measures_class_needed(const struct measures *m, const char *digits);

/* True for an emergency number, with or without the outside prefix. */
bool measures_emergency(const struct measures *m, const char *digits);

#endif
