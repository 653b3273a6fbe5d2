/*
 * What the program's commands share: where its own files are, which language to speak, which
 * database is meant, whose name stands in its history.
 */
#ifndef APP_CMD_COMMON_H
#define APP_CMD_COMMON_H

#include <stddef.h>

#include "app/config/config.h"
#include "base/catalogue.h"
#include "records/records.h"

/* The folder with lang/, config/ and sql/: ZONGJI_ROOT, else the folder above the program's own. */
const char *cmd_root(void);

/* "root/name". Cut when it doesn't fit. */
void cmd_root_path(char *out, size_t cap, const char *name);

/* LC_ALL, LC_MESSAGES or LANG when it is one of ours, else zh-CN. */
enum lang cmd_language(void);

/* The catalogue, or NULL after a line in the log: texts then fall back to their keys. */
struct catalogue *cmd_catalogue(void);

#define CMD_SECRET_LEN 14

struct cmd_place {
	const char *data;   /* NULL: "data" */
	const char *config; /* NULL: node.yaml in the data folder, else the sample's */
};

/* The configuration and where its database is, nothing opened. */
struct cmd_store {
	struct config *config; /* the caller's */
	char data[CONFIG_PATH];
	char file[CONFIG_PATH + 16]; /* o.where may point to it or into config */
	struct store_options o;
};
int cmd_store_find(const struct cmd_place *p, struct cmd_store *out);

/* One line of standard input, without its end; a terminal is asked and doesn't show it. */
void cmd_line_read(const char *question, char *out, size_t cap);

/* Reads the configuration (telling every error) and opens its database. The switchboard may be
 * running. Both outputs are the caller's. */
int cmd_database_open(const struct cmd_place *p, struct config **c, struct records_db **db);

/* Who did it, for the history: "command line, NAME". */
void cmd_by(char *out, size_t cap);

/* Letters and digits that can't be taken for one another. */
void cmd_secret_make(char out[CMD_SECRET_LEN + 1]);

#endif
