/*
 * The desk between HTTP and the exchange: which account works which position, heartbeats of pages,
 * what consoles are told and asked (src/app/api/desk.c). State lies on the call thread; functions
 * marked "worker" run in HTTP's workers and ask the call thread by live_ask.
 */
#ifndef APP_DESK_H
#define APP_DESK_H

#include "app/live.h"

#define DESK_ROLES	  (API_OPERATOR | API_MANAGER)
#define DESK_BEAT_MS	  2000	/* event beat_desk */
#define DESK_PAGE_LOST_MS 5000	/* without an answer to it */
#define DESK_MARKS	  16384 /* calls that are remembered at once, a power of two */
#define DESK_NOTES	  64	/* of calls handed over, an organisation */
#define DESK_NOTE	  256
#define DESK_PROMISES	  64	/* call backs promised today, an organisation */
#define DESK_CALLERS	  1024	/* numbers whose last call is known, all organisations */
#define DESK_LOOKUPS	  256	/* numbers being looked up */
#define DESK_ANSWERS	  128	/* to be given again to a repeated Idempotency-Key */
#define DESK_ANSWER_MS	  60000
#define DESK_KEY	  64
#define DESK_GREETING_MS  10000
#define DESK_GREETING_BYTES (2u << 20)

struct app_desk; /* one for all organisations */

int app_desk_open(struct app *a);
void app_desk_close(struct app *a);

/* ---- call thread ---- */

/* The position of an account; given when it has none yet. 0: all EXCHANGE_POSITIONS are given. */
uint16_t app_desk_position(struct app_org *o, const struct http_identity *who);

/* May this account answer (A2, A5.9)? `standin`: an approved stand-in of its person is in force. */
bool app_desk_may(const struct app_org *o, const struct http_identity *who, bool standin);

/* What happened to a position. `channel`: key of the app leg, for DESK_HEADSET. */
void app_desk_act(struct app_org *o, uint16_t position, enum desk_act act, uint32_t channel);

/* FX_COMMAND, FX_POSITION, FX_CALL and every FX_STEP. */
void app_desk_effect(struct app_org *o, const struct effect *fx);

/* The leg is a position's phone: it is to answer by itself. */
bool app_desk_is_phone(const struct app_org *o, leg_id leg);

/* Why the organisation is automatic ("no_operator", "away" …), or "on_duty". */
const char *app_desk_reason(const struct app_org *o);
unsigned app_desk_on_duty(const struct app_org *o);

/* ---- worker ---- */

/* 0; EACCES: not appointed (A5.9); EAGAIN. */
int app_desk_appointed(struct app *a, const struct http_identity *who);

/* The slip of a call is durable: COMMAND_MESSAGE_KEPT by the account's position. 0; EPERM: the
 * exchange refused it (it is kept all the same); EAGAIN. */
int app_desk_message_kept(struct app *a, const struct http_identity *who, uint64_t call_no,
			  uint32_t person, uint32_t department);

/* The account's last page has signed out: the page is lost, not off duty. */
void app_desk_signed_out(struct app *a, const struct http_identity *who);

void app_desk_source_fill(struct app *a, struct api_source *s);

#endif
