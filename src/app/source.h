/* What the files that answer HTTP's questions share: all of it runs in workers. */
#ifndef APP_SOURCE_H
#define APP_SOURCE_H

#include "app/live.h"

/* A connection for a while; EAGAIN when none is free. */
int source_borrow(struct app *a, struct records_db **db);

/* The directory as the database has it now, loaded anew when its version has moved. Locks it: give
 * it back with source_unlock whatever the result. */
int source_lock(struct app *a, struct records_db *db, uint32_t org, const struct directory **out);
void source_unlock(void);

/* {"items","next"}; takes over items; next "" is null. */
json_t *source_list(json_t *items, const char *next);

/* The organisation by its id; NULL there is none. Its index and id never change. */
struct app_org *source_org(struct app *a, uint32_t id);

/* An operator answers by appointment (A2) or as an approved stand-in (A5.9); the manager may
 * always. 0, EACCES. */
int source_appointed(struct app *a, struct records_db *db, const struct http_identity *who);

/* Tells pages and lets the running exchanges have the directory as it is now; `credentials`: those
 * of phones too. After the commit. */
void source_directory_changed(struct app *a, uint32_t org, bool credentials);
void source_apply_close(void); /* after HTTP has ended */

/* An EV_SET to the organisation's exchange. EAGAIN: it doesn't answer. */
int source_set(struct app *a, uint32_t org, const struct event *ev);

/* A message is there, or something became of it: pages read it anew. */
void source_message_published(struct app *a, struct records_db *db, uint32_t org, int64_t id);

/* {"code","field","expected"…} for a refusal. */
json_t *source_field(const char *field, const char *code);

/* ---- source_directory.c, source_edit.c, source_keep.c ---- */
extern const char *const source_posts[POST_COUNT];
void source_directory_fill(struct api_keep_source *k);
void source_directory_close(void);
void source_edit_fill(struct api_keep_source *k);
void source_keep_fill(struct api_keep_source *k);
void source_delivery_fill(struct api_keep_source *k);
/* Of the appointed, or of one's own name (q->own). */
int source_readings_set(void *arg, const struct api_query *q, const struct api_readings *r,
			json_t **out);
json_t *source_message_json(const struct directory *d, const struct records_message *m);

/* ---- source_my.c, source_my_messages.c, source_my_pin.c ---- */
void source_my_fill(struct api_my_source *m);
void source_my_messages_fill(struct api_my_source *m);
void source_my_pin_fill(struct api_my_source *m);
/* The asker may set a PIN without the old one: signed in just now, by a link or a password. */
bool source_pin_free(const struct api_query *q);

/* The department of the person who asks, 0 none. */
uint32_t source_own_department(const struct directory *d, const struct api_query *q);

/* ---- source_records.c, source_figures.c ---- */
void source_records_fill(struct api_source *s);
void source_figures_fill(struct api_source *s);
/* ---- report.c ---- */
int app_report(void *arg, const struct api_query *q, const struct api_figures *f,
	       struct api_file_out *out, json_t **wrong);
/* The records of a question, newest first, `most` at the most. EINVAL: *wrong is {"field"}. */
int source_records_each(struct app *a, struct records_db *db, const struct api_query *q,
			unsigned most, records_call_h *h, void *arg, json_t **wrong);

#endif
