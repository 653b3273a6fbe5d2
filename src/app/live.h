/* Pictures of the moment, built on the call thread: private to live.c and source.c. */
#ifndef APP_LIVE_H
#define APP_LIVE_H

#include "app/app.h"

#define APP_LIVE_ROLES (API_OPERATOR | API_MANAGER | API_ADMIN)

typedef int live_build(struct app *a, const struct api_query *q, json_t **out);
live_build live_switchboard, live_calls, live_call, live_legs, live_registrations, live_trunks;

struct app_org *live_org(struct app *a, uint32_t id); /* NULL there is none */
const char *live_name(const struct directory *d, uint32_t person, uint32_t department);
const char *live_trunk_name(const struct app *a, uint16_t trunk);
json_t *live_path_json(const struct exchange_call_view *v);
json_t *live_extension_json(struct app_org *o, const struct directory_extension *e);
json_t *live_state_json(const struct app_org *o);
bool live_watched(const struct app *a);
/* `value` is taken over, NULL publishes nothing. */
void live_publish(struct app *a, uint32_t org, uint32_t roles, const char *name, json_t *value);

/* From a worker: has `build` run on the call thread and waits for it. EAGAIN when the call thread
 * has other things to do for APP_ASK_MS. */
int live_ask(struct app *a, live_build *build, const struct api_query *q, json_t **out);
/* The same with `size` bytes more, copied: the build finds them at q->more. *out may be set beside
 * an error, and is NULL without either. */
int live_ask_with(struct app *a, live_build *build, const struct api_query *q, const void *more,
		  size_t size, json_t **out);

#endif
