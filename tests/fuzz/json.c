/* Bodies of requests: what is taken can be written and read again. */
#include <stdlib.h>
#include <string.h>

#include "http/room.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1), *text; /* of its size: reads beyond it show */
	json_t *j = NULL, *again = NULL;

	if (!copy)
		abort();
	memcpy(copy, data, size);
	if (http_json_parse(copy, size, &j) == 0) {
		text = json_dumps(j, JSON_COMPACT);
		if (!text || http_json_parse(text, strlen(text), &again) || !json_equal(j, again))
			abort();
		free(text);
	} else if (j) {
		abort();
	}
	json_decref(again);
	json_decref(j);
	free(copy);
	return 0;
}
