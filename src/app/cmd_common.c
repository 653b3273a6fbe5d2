#include "app/cmd_common.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* The program lies in a build folder beside lang/. */
const char *cmd_root(void)
{
	static char found[PATH_MAX];
	const char *root = getenv("ZONGJI_ROOT");
	char exe[PATH_MAX];
	ssize_t n;

	if (root && *root)
		return root;
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n <= 0)
		return ".";
	exe[n] = '\0';
	snprintf(found, sizeof(found), "%s", dirname(dirname(exe)));
	return found;
}

void cmd_root_path(char *out, size_t cap, const char *name)
{
	snprintf(out, cap, "%s/%s", cmd_root(), name);
}

enum lang cmd_language(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
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
