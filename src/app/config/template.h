/* Files of config/template with @name@ places to be filled. */
#ifndef APP_CONFIG_TEMPLATE_H
#define APP_CONFIG_TEMPLATE_H

#include <stddef.h>

#define TEMPLATE_PLACES 32 /* names that a set of values holds */
#define TEMPLATE_BYTES	(64u << 10)

enum template_escape {
	TEMPLATE_YAML, /* what stands in double quotes there: \ and " */
	TEMPLATE_CSV,  /* " twice */
	TEMPLATE_RAW,  /* a piece of a document */
};

struct template_value {
	const char *name, *value;
	enum template_escape escape;
};

struct template_values {
	struct template_value list[TEMPLATE_PLACES];
	size_t count;
};

/* The strings stay the caller's. ENOBUFS when there are too many. */
int template_set(struct template_values *v, const char *name, const char *value,
		 enum template_escape escape);

/* The file's text with its places filled; freed by the caller. ENOENT also for a place that has no
 * value: a template is ours, so that is a mistake of ours. EFBIG, ENOMEM, errno of reading. */
int template_fill(const char *path, const struct template_values *v, char **out);

#endif
