#include <errno.h>

#include "base/text.h"
#include "http/room.h"

/* jansson's parser recurses 2,048 deep before it gives up; a request needs a handful. */
static bool too_deep(const char *text, size_t len)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		char ch = text[i];

		if (quoted) {
			if (ch == '\\')
				i++;
			else if (ch == '"')
				quoted = false;
		} else if (ch == '"') {
			quoted = true;
		} else if (ch == '[' || ch == '{') {
			if (++depth > HTTP_JSON_DEPTH)
				return true;
		} else if ((ch == ']' || ch == '}') && depth > 0) {
			depth--;
		}
	}
	return false;
}

int http_json_parse(const char *text, size_t len, json_t **out)
{
	json_error_t error;
	json_t *j;

	if (!text_utf8_valid(text, len))
		return EINVAL;
	if (too_deep(text, len))
		return E2BIG;
	j = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!j)
		return EINVAL;
	*out = j;
	return 0;
}
