/* Pictures of the moment, built on the call thread: private to live.c and source.c. */
#ifndef APP_LIVE_H
#define APP_LIVE_H

#include "app/app.h"

#define APP_LIVE_ROLES (API_OPERATOR | API_MANAGER | API_ADMIN)

typedef int live_build(struct app *a, const struct api_query *q, json_t **out);
live_build live_switchboard, live_calls, live_call, live_legs, live_registrations, live_trunks;

/* From a worker: has `build` run on the call thread and waits for it. EAGAIN when the call thread
 * has other things to do for APP_ASK_MS. */
int live_ask(struct app *a, live_build *build, const struct api_query *q, json_t **out);

#endif
