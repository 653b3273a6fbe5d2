#include "app/cmd_common.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

#ifndef ZONGJI_ROOT
#define ZONGJI_ROOT "."
#endif

const char *cmd_root(void)
{
	const char *root = getenv("ZONGJI_ROOT");

	return root && *root ? root : ZONGJI_ROOT;
}

void cmd_root_path(char *out, size_t cap, const char *name)
{
	snprintf(out, cap, "%s/%s", cmd_root(), name);
}

enum lang cmd_language(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	enum lang lang = LANG_ZH_CN;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value) {
			lang_parse(value, &lang);
			break;
		}
	}
	return lang;
}

struct catalogue *cmd_catalogue(void)
{
	struct catalogue *c = NULL;
	char path[512], why[CATALOGUE_WHY] = "";

	cmd_root_path(path, sizeof(path), "lang");
	if (catalogue_open(&c, path, why))
		log_warn("app", "no texts: %s", why);
	return c;
}
