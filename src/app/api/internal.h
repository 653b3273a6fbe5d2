/* What the files of the API share. */
#ifndef APP_API_INTERNAL_H
#define APP_API_INTERNAL_H

#include "app/api/api.h"

#define API_ROLES 4
extern const struct api_role_name {
	uint32_t role;
	const char *name;
} api_role_names[API_ROLES];

struct api {
	struct api_source source;
};

/* Fills what every question has: who asks, in which language, whether only for their own. */
void api_query_begin(const struct http_call *c, struct api_query *q);

/* Fills the filters of a list from the query; false when one was wrong, and the refusal is given.
 */
bool api_query_list(struct http_call *c, struct api_query *q);

/* Asks and gives the answer; `err` is what the source said. */
void api_give_result(struct http_call *c, int err, json_t *out);
void api_give(struct http_call *c, struct api *a, api_read *read, const struct api_query *q);

/* May `who` open it (A1)? *clause says by which, *recipient whether it is theirs. */
enum api_opening_rule { API_OPEN, API_OPEN_NEEDS_REASON, API_OPEN_NOT };
enum api_opening_rule api_content_rule(const struct http_identity *who,
				       const struct api_content *content, bool has_reason,
				       const char **clause, bool *recipient);

http_function api_session_open, api_session_close, api_session_show;
http_function api_switchboard, api_calls, api_call, api_legs, api_registrations, api_trunks,
    api_people, api_departments, api_messages, api_message, api_records, api_record;
http_function api_message_content, api_message_sound, api_recording;
http_function api_desk, api_desk_duty, api_desk_command, api_desk_beat, api_desk_summary,
    api_draft_put, api_draft_drop, api_greeting_get, api_greeting_put, api_greeting_drop;

http_function api_headset_open, api_headset_restart, api_headset_close;
http_function api_sample_open, api_sample_sound, api_sample_show, api_sample_act, api_sample_close;

/* For headset.c and sample.c: asks with the body's text; the refusal for an error; the parameter
 * `name` as s->id, false and a 404 when it can be none. */
int api_sound_ask(struct http_call *c, struct api *a, struct api_sound *s, json_t **out);
void api_sound_refuse(struct http_call *c, int err, const json_t *out);
bool api_sound_id(struct http_call *c, const char *name, struct api_sound *s);

http_function api_figures, api_figures_report, api_records_report;

/* A WAV file as the answer, 404 when it isn't there. */
void api_give_sound(struct http_call *c, const char *path);

#endif
