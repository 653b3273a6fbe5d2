/* Until the browser's sound is there: what media.h promises, refused. */
#include <errno.h>
#include <string.h>

#include "media/media.h"

int media_web_open(struct media *m, uint32_t key, unsigned interface, const char *offer,
		   size_t len, struct media_web_answer *out)
{
	(void)m;
	(void)key;
	(void)interface;
	(void)offer;
	(void)len;
	memset(out, 0, sizeof(*out));
	return ENOSYS;
}

int media_web_restart(struct media *m, uint32_t key, const char *fragment, size_t len,
		      struct media_web_answer *out)
{
	(void)m;
	(void)key;
	(void)fragment;
	(void)len;
	memset(out, 0, sizeof(*out));
	return ENOSYS;
}

int media_confer(struct media *m, uint32_t a, uint32_t b, uint32_t c)
{
	(void)m;
	(void)a;
	(void)b;
	(void)c;
	return ENOSYS;
}

const char *media_web_refusal_name(enum media_web_refusal r)
{
	(void)r;
	return "";
}
