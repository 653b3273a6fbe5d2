/*
 * What a browser sends about its sound: an offer, a fragment of a restart, and (the first byte odd)
 * an ICE check. What is answered to an offer must be readable as one by its own rules.
 */
#include <stdlib.h>
#include <string.h>

#include "media/web.h"

static void offered(const char *text, size_t len)
{
	static struct web_offer o;
	struct web_ours ours = {.ufrag = "abcdefgh", .pwd = "abcdefghijklmnopqrstuvwx",
				.local = {"2001:db8::1", 65534}, .local_ip = "192.0.2.1"};
	static char out[MEDIA_WEB_ANSWER_MAX];

	if (web_offer_read(text, len, false, &o) != MEDIA_WEB_OK)
		return;
	if (o.audio >= o.sections || o.type > 127 || o.event_type > 127 || !o.ufrag[0] ||
	    strlen(o.pwd) < WEB_PWD_MIN)
		abort();
	if (web_answer_write(&o, &ours, out, sizeof(out)) == 0 && !strstr(out, "a=ice-lite\r\n"))
		abort();
	web_fragment_write(o.section[o.audio].mid, &ours, out, sizeof(out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct web w = {.ice = {"abcdefgh", "abcdefghijklmnopqrstuvwx", "wxyz"}};
	static struct web_offer o;
	struct web_check check;
	char *copy;

	if (size < 1)
		return 0;
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	if (data[0] & 1) {
		web_stun_read(&w, (const uint8_t *)copy, size - 1, &check);
	} else {
		offered(copy, size - 1);
		web_fragment_read(copy, size - 1, &o);
	}
	free(copy);
	return 0;
}
