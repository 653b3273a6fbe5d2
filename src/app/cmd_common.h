/* What the program's commands share: where its own files are, which language to speak. */
#ifndef APP_CMD_COMMON_H
#define APP_CMD_COMMON_H

#include <stddef.h>

#include "base/catalogue.h"

/* The folder with lang/, config/ and sql/: ZONGJI_ROOT, else the folder above the program's own. */
const char *cmd_root(void);

/* "root/name". Cut when it doesn't fit. */
void cmd_root_path(char *out, size_t cap, const char *name);

/* LC_ALL, LC_MESSAGES or LANG when it is one of ours, else zh-CN. */
enum lang cmd_language(void);

/* The catalogue, or NULL after a line in the log: texts then fall back to their keys. */
struct catalogue *cmd_catalogue(void);

#endif
