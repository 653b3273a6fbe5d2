#include "app/cmd_common.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "base/log.h"
#include "base/text.h"

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
	text_copy(out, cap, cmd_root());
	text_append(out, cap, "/%s", name);
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

static struct config *config_open(const struct cmd_place *p, const char *data)
{
	struct config_errors *errs = calloc(1, sizeof(*errs));
	struct config *c = NULL;
	char path[CONFIG_PATH];

	if (!errs)
		return NULL;
	if (p->config) {
		TEXT_COPY(path, p->config);
	} else {
		snprintf(path, sizeof(path), "%.200s/node.yaml", data);
		if (access(path, R_OK))
			cmd_root_path(path, sizeof(path), "config/sample/node.yaml");
	}
	if (config_load(path, &c, errs)) {
		struct catalogue *texts = cmd_catalogue();

		config_errors_print(errs, texts, lang_name(cmd_language()), stderr);
		catalogue_close(texts);
	}
	free(errs);
	return c;
}

int cmd_database_open(const struct cmd_place *p, struct config **cp, struct records_db **dbp)
{
	const char *data = p->data ? p->data : "data";
	struct config *c = config_open(p, data);
	struct store_options o = {0};
	char file[CONFIG_PATH], why[STORE_WHY] = "";
	int err;

	if (!c)
		return EINVAL;
	if (!p->data && c->node.data[0])
		data = c->node.data;
	snprintf(file, sizeof(file), "%.200s/zongji.db", data);
	o.engine = c->node.store.engine == CONFIG_POSTGRES ? STORE_POSTGRES : STORE_SQLITE;
	o.where = o.engine == STORE_POSTGRES ? c->node.store.postgres
		  : c->node.store.sqlite[0]  ? c->node.store.sqlite
					     : file;
	err = sodium_init() < 0 ? EIO : records_db_open(dbp, &o, why, sizeof(why));
	if (err) {
		log_error("app", "the database can't be opened: %s (%s)", why, strerror(err));
		config_free(c);
		return err;
	}
	*cp = c;
	return 0;
}

void cmd_by(char *out, size_t cap)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());

	memset(out, 0, cap);
	text_append(out, cap, "command line, %s", sudo ? sudo : pw ? pw->pw_name : "unknown");
}

void cmd_secret_make(char out[CMD_SECRET_LEN + 1])
{
	static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789";

	for (int i = 0; i < CMD_SECRET_LEN; i++)
		out[i] = alphabet[randombytes_uniform(sizeof(alphabet) - 1)];
	out[CMD_SECRET_LEN] = '\0';
}
