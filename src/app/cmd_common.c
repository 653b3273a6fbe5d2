#include "app/cmd_common.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
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

int cmd_store_find(const struct cmd_place *p, struct cmd_store *out)
{
	const char *data = p->data ? p->data : "data";
	struct config *c = config_open(p, data);

	if (!c)
		return EINVAL;
	if (!p->data && c->node.data[0])
		data = c->node.data;
	memset(out, 0, sizeof(*out));
	out->config = c;
	TEXT_COPY(out->data, data);
	snprintf(out->file, sizeof(out->file), "%.200s/zongji.db", data);
	out->o.engine = c->node.store.engine == CONFIG_POSTGRES ? STORE_POSTGRES : STORE_SQLITE;
	out->o.where = out->o.engine == STORE_POSTGRES ? c->node.store.postgres
		       : c->node.store.sqlite[0]       ? c->node.store.sqlite
						       : out->file;
	return sodium_init() < 0 ? EIO : 0;
}

int cmd_database_open(const struct cmd_place *p, struct config **cp, struct records_db **dbp)
{
	struct cmd_store s;
	char why[STORE_WHY] = "";
	int err = cmd_store_find(p, &s);

	if (err)
		return err;
	err = records_db_open(dbp, &s.o, why, sizeof(why));
	if (err) {
		log_error("app", "the database can't be opened: %s (%s)", why, strerror(err));
		config_free(s.config);
		return err;
	}
	*cp = s.config;
	return 0;
}

void cmd_line_read(const char *question, char *out, size_t cap)
{
	struct termios was, quiet;
	bool tty = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &was) == 0;

	if (tty) {
		quiet = was;
		quiet.c_lflag &= (tcflag_t)~ECHO;
		fputs(question, stderr);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	if (!fgets(out, (int)cap, stdin))
		out[0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	if (tty) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
		fputc('\n', stderr);
	}
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
