/*
 * Browsers' sound in app: the operators' headsets (headset.c) and, in the sample company,
 * telephones in the browser (webphone.c). State lies on the call thread.
 */
#ifndef APP_HEADSET_H
#define APP_HEADSET_H

#include "app/live.h"

#define APP_HEADSETS  64 /* up or on their way */
#define APP_WEBPHONES 32
#define WEBPHONE_GONE_MS 10000 /* not asked after */

void app_headset_source_fill(struct api_source *s);

/* The leg of a browser: its interface, the answer's text in *out as "sdp". EBADMSG: {"refusal"}. */
int app_headset_answer(struct app_leg *l, const char *text, size_t len, json_t **out);

/* A question of the API on the call thread; its text stands behind it. */
struct headset_ask {
	struct api_sound s; /* s.text is not set */
	char text[];
};
live_build app_webphone_build;
void app_webphone_close(struct app *a); /* before media closes */

#endif
