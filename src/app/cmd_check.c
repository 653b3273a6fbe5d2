/* zongji check: every error of configuration, measures or directory files in one pass. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd.h"
#include "app/cmd_common.h"
#include "app/config/config.h"

static const char usage[] =
    "usage: zongji check [--lang zh-CN|zh-TW|en] FILE…\n"
    "       zongji check --reference\n"
    "\n"
    "Finds every error of each FILE in one pass: a node's configuration (with the measures and\n"
    "directories that it names), an organisation's measures, or a folder of people.csv,\n"
    "departments.csv and extensions.csv. The kind is seen from the content.\n"
    "\n"
    "  --lang L      language of the errors (default: LANG, else zh-CN)\n"
    "  --reference   print every setting there is, as Markdown\n"
    "\n"
    "Exit status: 0 no errors, 1 errors, 2 usage.\n";

static void summary(const struct catalogue *c, enum lang lang, const char *file,
		    const struct config_errors *errs)
{
	char errors[24], warnings[24], line[512];

	if (!c)
		return;
	snprintf(errors, sizeof(errors), "%zu", errs->errors);
	snprintf(warnings, sizeof(warnings), "%zu", errs->count + errs->dropped - errs->errors);
	if (!errs->errors)
		catalogue_format(c, lang, "config.ok", line, sizeof(line), "file", file, NULL);
	else
		catalogue_format(c, lang, "config.count", line, sizeof(line), "errors", errors,
				 "warnings", warnings, NULL);
	printf("%s\n", line);
}

static int check_files(char **files, const struct catalogue *c, enum lang lang)
{
	struct config_errors *errs = calloc(1, sizeof(*errs));
	int status = CMD_OK;

	if (!errs)
		return CMD_FAILED;
	for (; *files; files++) {
		enum config_kind kind;

		memset(errs, 0, sizeof(*errs));
		if (config_file_check(*files, &kind, errs))
			status = CMD_FAILED;
		config_errors_print(errs, c, lang_name(lang), stdout);
		summary(c, lang, *files, errs);
	}
	free(errs);
	return status;
}

int cmd_check(int argc, char **argv)
{
	enum lang lang = cmd_language();
	struct catalogue *c = NULL;
	int i, status;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(usage, stdout);
			return CMD_OK;
		} else if (strcmp(argv[i], "--reference") == 0) {
			config_reference(stdout);
			return CMD_OK;
		} else if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc &&
			   lang_parse(argv[i + 1], &lang)) {
			i++;
		} else if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		} else {
			fputs(usage, stderr);
			return CMD_USAGE;
		}
	}
	if (i >= argc) {
		fputs(usage, stderr);
		return CMD_USAGE;
	}
	c = cmd_catalogue();
	status = check_files(argv + i, c, lang);
	catalogue_close(c);
	return status;
}
