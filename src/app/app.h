/*
 * What wires the rooms: private to src/app. One struct app, owned by the call thread, which runs
 * libre's loop: sip and the exchanges live on it; media, storage, speech and HTTP have threads of
 * their own and are spoken to by rings.
 */
#ifndef APP_APP_H
#define APP_APP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* not <re.h>: its JSON and jansson's share names */
#include <re_types.h>
struct re_printf;
struct pl;
#include <re_list.h>
#include <re_tmr.h>
#include <re_main.h>
#include <re_sys.h>

#include "app/api/api.h"
#include "app/config/config.h"
#include "base/catalogue.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/ring.h"
#include "base/text.h"
#include "exchange/exchange.h"
#include "http/http.h"
#include "media/media.h"
#include "records/directory.h"
#include "records/query.h"
#include "records/records.h"
#include "sip/sip_room.h"
#include "speech/speech.h"

#define APP_LEGS        16384 /* sessions at once over all organisations, a power of two */
#define APP_EVENTS      1024  /* events that wait for the step under way to end */
#define APP_DIRTY       1024  /* calls whose change isn't published yet */
#define APP_SOUNDS      8192  /* clips by name */
#define APP_ASKS        64    /* questions of HTTP workers waiting for the call thread */
#define APP_ASK_MS      2000
#define APP_VOICED_MS   300   /* of a recording must be voice for it to count as said */
#define APP_CLOSING_MS  15000 /* callers are told, then ended: the exchange does it sooner */
#define APP_EXTENSION_BITS 26 /* of an extension's key over all organisations */

struct app;

struct app_org {
	struct app *app;
	unsigned index; /* in config's organisations */
	uint32_t id;
	struct exchange *exchange;
	struct exchange_rules rules;
	struct directory *directory[EXCHANGE_EDITIONS]; /* of rules.edition, owned; NULL free */
	struct measures *measures[EXCHANGE_EDITIONS];
	struct tmr timer;
	uint32_t *leg_key; /* by the index part of a leg_id: the app's leg */
	bool stepping;
	struct {
		struct event ev[APP_EVENTS];
		unsigned head, count;
	} waiting;
	uint64_t dirty[APP_DIRTY]; /* call numbers */
	unsigned dirty_count;
};

/* One leg: a session of sip and, when it has sound, a leg of media under the same key. */
struct app_leg {
	uint32_t key; /* index and generation, 0 free */
	struct app_org *org;
	leg_id leg; /* the exchange's, 0 before FX_BIND */
	struct sip_session *session; /* NULL once the session is over */
	uint16_t trunk;
	uint8_t interface;
	/* a leg that is no session of sip (a browser's): what FX_RING … FX_SHOW mean for it (after
	 * FX_END it frees the leg), and media's events of its sound; NULL sip's */
	void (*effect)(struct app_leg *l, const struct effect *fx);
	void (*sound)(struct app_leg *l, const struct media_event *m);
	bool secure, nat, media, held, answered;
	struct stream_address local;
	struct stream stream;
	uint16_t next_free;
};

/* A job for the thread that touches files, so that the call thread doesn't. */
struct app_job;

struct app {
	struct config *config;
	char state[64 + CONFIG_PATH]; /* bindings and dialogs while running: state.c */
	char data[CONFIG_PATH], root[CONFIG_PATH], config_path[CONFIG_PATH];
	int signal_fd;
	bool sample; /* the sample company: neither a configuration of its own nor one given */
	struct catalogue *catalogue;
	enum lang lang;
	struct media *media;
	struct speech *speech;
	struct records *records;
	struct http_room *http;
	struct api *api;
	struct sip_room *sip;
	struct app_org org[CONFIG_ORGANISATIONS];
	unsigned org_count;
	struct app_leg leg[APP_LEGS];
	uint16_t free_leg, free_last;
	unsigned leg_count;

	struct app_credentials *credentials;
	struct app_sounds *sounds;
	struct app_files *files;
	struct app_mailbox *mailbox;
	struct app_boxcall *boxcall;
	struct app_asks *asks;
	struct app_desk *desk;
	struct app_delivery *delivery;
	struct app_lamps *lamps;
	struct app_nightly *nightly;
	/* takes an FX_DIAL that isn't for sip; NULL none does */
	bool (*dial)(struct app_org *o, const struct effect *fx);

	struct tmr second, publish, copy;
	struct {
		int64_t since_ms; /* of the period that at_once counts in */
		unsigned at_once;
		uint32_t in_use[CONFIG_TRUNKS]; /* as told last */
	} live;
	int64_t closing_since_ms; /* 0: open */
	int64_t started_wall_ms;
	int64_t clock_ahead_ms;	     /* wall clock less monotonic, a second ago */
	int64_t clock_by_ms;	     /* by how much it was set last … */
	int64_t clock_told_until_ms; /* … which is told until then (monotonic); 0 it wasn't */
	enum records_state storage_told;
	uint8_t tape_key[MEDIA_TAPE_KEY];
	char boot[17]; /* names this run in file names */
	atomic_bool reloading;
	uint64_t calls_offered, calls_refused, events_lost;
	struct log_limiter limiter;
};

/* The edition that new calls begin under. */
static inline const struct measures *app_measures(const struct app_org *o)
{
	return o->measures[o->rules.current];
}

static inline const struct directory *app_directory(const struct app_org *o)
{
	return o->directory[o->rules.current];
}

/* ---- step.c: events into an exchange, effects out of it ---- */

/* Steps the exchange with the event and carries out what it wants. An event that comes while a
 * step is under way waits for its end. */
void app_event(struct app_org *o, const struct event *ev);

/* ---- legs.c ---- */
struct app_leg *app_leg_new(struct app_org *o);      /* NULL when all are in use */
struct app_leg *app_leg_get(struct app *a, uint32_t key); /* NULL when it's gone */
struct app_leg *app_leg_of(struct app_org *o, leg_id leg);
/* Whose leg it is, or was until a moment ago: the end of a recording comes after its leg's. */
struct app_org *app_leg_org(struct app *a, uint32_t key);
void app_leg_bind(struct app_leg *l, leg_id leg);
void app_leg_free(struct app_leg *l); /* closes its media leg too */
/* Opens the media leg unless it's open and fills what SDP may say. Errors of media_leg_open. */
int app_leg_sound(struct app_leg *l, const struct app_leg *like, struct stream_local *local);
void app_leg_stream(struct app_leg *l, const struct stream *s);
/* From the answer on: a silent line and, of an analog gateway, a busy cadence are noticed. `voice`:
 * so is, once, that it speaks. */
void app_leg_watch(struct app_leg *l, bool voice);

/* ---- wire_sip.c ---- */
extern const struct sip_room_handlers app_sip_handlers;
int app_sip_open(struct app *a);
int app_sip_trunks(struct app *a); /* from the configuration */
void app_trunk_rules(struct app_org *o); /* the same as the exchange routes by */
uint32_t app_extension_key(const struct app_org *o, uint32_t extension);
struct app_org *app_extension_org(struct app *a, uint32_t key, uint32_t *extension);
void app_session_effect(struct app_leg *l, const struct effect *fx);
/* Lamps of phones and of the live page (RFC 4235). */
void app_lamp(struct app_org *o, const struct effect *fx);
void app_dial(struct app_org *o, const struct effect *fx);
/* Trunk ids of the exchange and of sip: place in the configuration, from 1. */
struct app_org *app_did(struct app *a, uint16_t trunk, const char *dialled, char to[16]);

/* ---- credentials.c: SIP user -> credential, rebuilt from the database ---- */
int app_credentials_load(struct app *a, struct records_db *db);
/* The same in two: read by a worker, taken by the call thread. */
int app_credentials_read(struct app *a, struct records_db *db, struct app_credentials **out);
void app_credentials_take(struct app *a, struct app_credentials *t);
void app_credentials_drop(struct app_credentials *t); /* accepts NULL */
void app_credentials_free(struct app *a);
int app_credential(const char *user, struct sip_credential *out, void *arg);

/* ---- wire_media.c ---- */
int app_media_open(struct app *a);
void app_media_effect(struct app_leg *l, const struct effect *fx);

/* ---- sounds.c: names of lang/ and people -> clips ---- */
int app_sounds_open(struct app *a); /* renders the fixed sounds of each organisation: blocks */
void app_sounds_close(struct app *a);
void app_sounds_directory(struct app *a, struct app_org *o); /* names, in the background */
/* Fills the clips of a play; returns how many. */
unsigned app_sounds_clips(struct app_org *o, const struct phrase *phrase, unsigned count,
			  uint32_t *clips, unsigned max);
/* The clip of an operator's own greeting, of a line or ("") of every line; 0: none, and `make` is
 * false or all are used. */
uint32_t app_sounds_greeting(struct app_org *o, uint16_t position, enum lang lang, const char *line,
			     bool make);
/* Clips of the message that a mailbox has just answered with: words; its two recordings. */
#define APP_CLIP_BOX_WORDS 9
#define APP_CLIP_BOX_SOUND 10
/* A clip under which a recording of that serial is played back … */
uint32_t app_sounds_recording_take(const struct app_org *o, uint32_t serial);
/* … and found again; 0: its place has gone to another since. On the call thread. */
uint32_t app_sounds_recording(const struct app_org *o, uint32_t serial);

/* ---- files.c ---- */
int app_files_open(struct app *a);
void app_files_close(struct app *a);
/* Loads a recording as a clip, then tells the exchange that it is recorded. */
void app_files_recorded(struct app *a, struct app_org *o, const struct event *recorded);
void app_files_forget(struct app *a, struct app_org *o, uint32_t serial);
void app_recording_name(const struct app_org *o, uint32_t serial, char *dst, size_t cap);

/* Copies the bindings into the data folder. */
void app_files_state(struct app *a);

/* ---- tapes.c: calls that are recorded whole ---- */
/* The folder and the node's key, made when missing; blocks. */
int app_tapes_open(struct app *a);
void app_tape_effect(struct app_leg *l, const struct effect *fx);
void app_tape_ended(struct app_org *o, struct app_leg *l, const struct media_event *m);
void app_tape_path(const struct app *a, const char *name, char path[MEDIA_PATH_MAX]);
/* Destroys what has been kept as long as the measures say. */
void app_tapes_expire(struct app *a, struct records_db *db);

/* ---- state.c ---- */
int app_state_open(struct app *a);
void app_state_close(struct app *a); /* after sip has closed */
int app_file_copy(const char *from, const char *to); /* whole or not at all; blocks */

/* ---- wire_records.c ---- */
int app_records_open(struct app *a);
/* Which database: o->where lives as long as the configuration and `file`. */
void app_store_options(struct app *a, char file[CONFIG_PATH + 16], struct store_options *o);
void app_vocabulary(struct records_vocabulary *v); /* the exchange's names */
void app_records_effect(struct app_org *o, const struct effect *fx);
/* Loads directory and measures of an organisation as a new version; EV_MEASURES follows. */
int app_org_load(struct app_org *o, struct records_db *db);
int app_day_load(struct app_org *o, struct records_db *db);
int app_instructions_load(struct app_org *o, struct records_db *db); /* source_keep.c */

/* ---- nightly.c: the old log is sealed, at night and after a start ---- */
int app_nightly_open(struct app *a);
void app_nightly_close(struct app *a);
/* The beginning of the first month whose log is kept. */
int64_t app_log_until(int64_t now_ms, unsigned months);

/* ---- first_start.c: organisations, people and accounts of a new data folder ---- */
int app_first_start(struct app *a, struct records_db *db);

/* ---- live.c, source.c: what HTTP is shown ---- */
int app_live_open(struct app *a);
void app_live_close(struct app *a);
void app_live_dirty(struct app_org *o, uint64_t call_no);
void app_live_ended(struct app_org *o, uint64_t call_no);
void app_live_extension(struct app_org *o, uint32_t extension);
void app_live_trunk(struct app *a, uint16_t trunk);
void app_live_message(struct app_org *o, uint32_t serial);
void app_source_fill(struct app *a, struct api_source *source);
void app_source_close(void); /* after HTTP has ended */

/* ---- health.c ---- */
json_t *app_storage_json(struct app *a);
void app_health_update(struct app *a);

/* ---- reload.c ---- */
int app_reload_open(struct app *a);
void app_reload(struct app *a); /* SIGHUP */

#endif
