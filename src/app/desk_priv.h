/* What the desk's files share: all of it lies on the call thread, but for the ring of lookups. */
#ifndef APP_DESK_PRIV_H
#define APP_DESK_PRIV_H

#include "app/desk.h"

#define DESK_TICK_MS	 500 /* a silent page is noticed to so much */
#define DESK_PUBLISH_MS	 20  /* when changes are many */
#define DESK_AT_ONCE	 30  /* times in 100 ms that a change is told after its step */
#define DESK_BEATS_VALID 3   /* an answer to an older beat is a stale page's */

struct desk_position {
	uint32_t user, person;
	char name[HTTP_USER_NAME];
	int64_t heard_ms; /* monotonic: a page of the account */
	bool page;	  /* as the exchange was told */
	/* today */
	int64_t duty_ms; /* wall: of its first going on duty, 0 not yet */
	unsigned calls, within_three;
};

struct desk_note {
	uint64_t call_no;
	char text[DESK_NOTE];
};

struct desk_promise {
	uint64_t call_no;
	int64_t at_ms;
	char number[EVENT_NUMBER], name[EVENT_NAME];
};

/* Of today, calls to the main number in the manual state. */
struct desk_figures {
	unsigned offered, within_three, attendant, given_up;
};

struct desk_org {
	struct desk_position position[EXCHANGE_POSITIONS + 1]; /* by number */
	unsigned positions;
	struct desk_note note[DESK_NOTES];
	unsigned next_note;
	struct desk_promise promise[DESK_PROMISES];
	unsigned promises, next_promise;
	int64_t day; /* that the figures are of */
	struct desk_figures today;
	unsigned bay[BAY_COUNT]; /* calls now; true only while bays_known */
	bool bays_known;
	uint64_t dirty[APP_DIRTY]; /* calls whose view has changed */
	unsigned dirty_count;
	bool all_dirty, changed;
	bool manual; /* as the live page was told */
	unsigned on_duty;
};

/* What is remembered of a call beside the exchange. */
struct desk_mark {
	uint64_t no;	 /* 0 free */
	int64_t ring_ms; /* wall: our 180 */
	uint32_t slot;	 /* of the exchange, as seen last */
	uint8_t org, bay;
	bool counted, settled; /* offered to the desk; has its place in the figures */
};

/* What came of the last call from a number. */
#define DESK_PAST 3 /* calls before that are shown */

struct desk_caller {
	uint32_t org;
	uint64_t before; /* the call that asked */
	char number[EVENT_NUMBER];
	struct desk_past {
		int64_t at_ms;
		uint32_t talk_ms; /* 0: nobody was reached */
		char target[EVENT_NAME], outcome[RECORDS_WORD];
	} past[DESK_PAST]; /* the newest first */
	unsigned past_count;
	struct records_known known;
};

struct desk_answer {
	uint32_t user;
	int64_t at_ms; /* monotonic, 0 free */
	char key[DESK_KEY];
	int err;
	json_t *out;
};

struct desk_lookups; /* desk_calls.c */

struct app_desk {
	struct app *app;
	struct desk_org org[CONFIG_ORGANISATIONS];
	struct desk_mark mark[DESK_MARKS];
	struct desk_caller caller[DESK_CALLERS];
	struct desk_answer answer[DESK_ANSWERS];
	unsigned next_answer;
	struct desk_lookups *lookups;
	struct tmr tick, flush;
	unsigned ticks, at_once;
	int64_t at_once_ms; /* of the period that at_once counts in */
	uint32_t beat;
	/* the command under way: FX_COMMAND fills it in within the step */
	uint32_t serial;
	struct effect done;
};

static inline struct desk_org *desk_org(const struct app_org *o)
{
	return &o->app->desk->org[o->index];
}

/* ---- desk.c ---- */
uint16_t desk_position_of(const struct app_org *o, uint32_t user); /* 0 it has none */

/* ---- desk_calls.c: marks, figures, notes, what is known of a caller ---- */
int desk_calls_open(struct app *a);
void desk_calls_close(struct app *a);
/* The figures of today as the records have them. */
int desk_figures_load(struct app_org *o, struct records_db *db);
void desk_step(struct app_org *o, const struct effect *fx);
/* NULL when it isn't marked, and `make` is false. */
struct desk_mark *desk_mark(struct app_org *o, uint64_t no, bool make);
bool desk_view(struct app_org *o, uint64_t no, struct exchange_call_view *v);
void desk_note_set(struct app_org *o, uint64_t no, const char *text);
const char *desk_note(const struct app_org *o, uint64_t no);
const struct desk_caller *desk_caller(const struct app_org *o, const char *number);
/* The call lies in this bay now. True when a page must be told. */
bool desk_bay_set(struct app_org *o, const struct exchange_call_view *v, uint32_t slot);
void desk_bay_ended(struct app_org *o, uint64_t no);
void desk_bays_count(struct app_org *o); /* anew, by looking at every call */

/* ---- desk_json.c ---- */
json_t *desk_call_json(struct app_org *o, const struct exchange_call_view *v);
json_t *desk_position_json(const struct app_org *o, uint16_t position);
json_t *desk_state_json(struct app_org *o); /* DeskState */
json_t *desk_json(struct app_org *o, const struct api_query *q);
json_t *desk_summary_json(const struct app_org *o, uint16_t position); /* without messages */
json_t *desk_refusal_json(enum refusal r, enum clause clause, uint16_t other);

/* ---- desk_tell.c: events ---- */
void desk_dirty(struct app_org *o, uint64_t no);
void desk_changed(struct app_org *o); /* a position, the state or a figure */
void desk_tell_open(struct app *a);
void desk_tell_close(struct app *a);

void desk_source_fill(struct api_source *s); /* desk.c: what needs neither file nor database */
/* Worker: the picture without its drafts. */
int desk_ask_picture(struct app *a, const struct api_query *q, json_t **out);
int desk_ask_duty(struct app *a, const struct api_query *q, const struct api_duty *y, json_t **out);

/* ---- greetings.c ---- */
/* Which own greetings of the account are there. Blocks: workers. */
void desk_greetings(const struct app *a, uint32_t user, struct api_duty *y);
/* Loads them as clips; the files are read by media's worker. */
void desk_greetings_load(struct app_org *o, uint16_t position, uint32_t user,
			 const struct api_duty *y);
/* The clip for a call to the number `line`: that line's own greeting, else that of every line. */
uint32_t desk_greeting(struct app_org *o, uint16_t position, enum lang lang, const char *line);
void desk_greetings_source_fill(struct api_source *s);

#endif
