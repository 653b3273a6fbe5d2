/* Request targets, the routes that they fit, and Accept-Language. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/room.h"

static void whole(const char *s)
{
	if (!text_utf8_valid(s, strlen(s)))
		abort();
}

static void target(const char *raw)
{
	static const char *const patterns[] = {"/api/v1/calls/{id}/{verb}", "/api/v1/{a}",
					       "/{file}", "/"};
	static struct http_uri uri;
	struct http_pair param[HTTP_PARAMS];
	char text[HTTP_PATH_BYTES];
	unsigned count;

	memset(&uri, 0, sizeof(uri));
	if (http_uri_parse(raw, &uri))
		return;
	if (uri.path[0] != '/' || strstr(uri.path, "/../") || strstr(uri.path, "//"))
		abort();
	whole(uri.path);
	for (unsigned i = 0; i < uri.pair_count; i++) {
		whole(uri.pair[i].name);
		whole(uri.pair[i].value);
	}
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (!http_uri_match(patterns[i], uri.path, param, &count, text, sizeof(text)))
			continue;
		for (unsigned n = 0; n < count; n++)
			if (!param[n].name[0] || !param[n].value[0] || strchr(param[n].value, '/'))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *raw = malloc(size + 1);

	if (!raw)
		abort();
	memcpy(raw, data, size);
	raw[size] = '\0';
	target(raw);
	if (http_uri_language(raw) >= LANG_COUNT)
		abort();
	free(raw);
	return 0;
}
