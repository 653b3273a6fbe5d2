/* zongji export: records for other programs. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/cmd_common.h"
#include "base/log.h"
#include "base/text.h"
#include "records/export.h"

static const char usage[] =
    "usage: zongji export [--data DIR] [--config FILE] [--org N] [--from DAY] [--to DAY] [--json]\n"
    "                     [--output FILE] calls | messages | figures | openings\n"
    "\n"
    "Writes records as CSV for a spreadsheet, or as JSON lines. The switchboard may be running.\n"
    "Columns are explained in docs/administrator.md. A message's content is not among them.\n"
    "\n"
    "  --data DIR     the switchboard's data folder (default: data)\n"
    "  --config FILE  node configuration (default: node.yaml there)\n"
    "  --org N        one organisation (default: all)\n"
    "  --from DAY     first day, YYYY-MM-DD (default: the first that there is)\n"
    "  --to DAY       last day (default: today's and what is to come)\n"
    "  --json         JSON lines, an object a row\n"
    "  --output FILE  default: standard output\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

struct job {
	struct cmd_place place;
	struct export_options o;
	const char *output;
};

/* The beginning of the day, or of the day after it. */
static int day_take(const char *text, int after, int64_t *out)
{
	struct tm tm = {.tm_isdst = -1}, asked;
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	time_t t;

	asked = tm;
	tm.tm_mday += after;
	tm.tm_isdst = -1;
	t = mktime(&tm);
	/* 2023-02-30 would become another day. */
	if (!end || *end || t < 0 || asked.tm_mday < 1 || (!after && tm.tm_mday != asked.tm_mday)) {
		fprintf(stderr, "zongji: “%s” is no day: YYYY-MM-DD is wanted\n", text);
		return EINVAL;
	}
	*out = (int64_t)t * 1000;
	return 0;
}

static int what_take(const char *text, enum export_what *out)
{
	for (unsigned i = 0; i < EXPORT_COUNT; i++) {
		if (text_eq(text, export_name((enum export_what)i))) {
			*out = (enum export_what)i;
			return 0;
		}
	}
	fprintf(stderr, "zongji: there is nothing to export that is called “%s”\n", text);
	return EINVAL;
}

static int option_take(struct job *j, int c)
{
	char *end;

	switch (c) {
	case 'd':
		j->place.data = optarg;
		return 0;
	case 'c':
		j->place.config = optarg;
		return 0;
	case 'o':
		j->o.org = (uint32_t)strtoul(optarg, &end, 10);
		return *end || end == optarg || j->o.org == 0 ? EINVAL : 0;
	case 'f':
		return day_take(optarg, 0, &j->o.from_ms);
	case 't':
		return day_take(optarg, 1, &j->o.to_ms);
	case 'j':
		j->o.json = true;
		return 0;
	case 'w':
		j->output = optarg;
		return 0;
	case 'h':
		return -1;
	}
	return EINVAL;
}

static int options(struct job *j, int argc, char **argv)
{
	static const struct option table[] = {
	    {"data", 1, NULL, 'd'}, {"config", 1, NULL, 'c'}, {"org", 1, NULL, 'o'},
	    {"from", 1, NULL, 'f'}, {"to", 1, NULL, 't'},     {"json", 0, NULL, 'j'},
	    {"help", 0, NULL, 'h'}, {"output", 1, NULL, 'w'}, {NULL, 0, NULL, 0},
	};
	int c, err = 0;

	optind = 1;
	while (!err && (c = getopt_long(argc, argv, "", table, NULL)) != -1)
		err = option_take(j, c);
	if (!err && argc - optind != 1)
		err = EINVAL;
	if (!err)
		err = what_take(argv[optind], &j->o.what);
	if (!err && j->o.from_ms >= j->o.to_ms) {
		fprintf(stderr, "zongji: --to is before --from\n");
		err = EINVAL;
	}
	return err;
}

static void done_say(uint64_t rows)
{
	struct catalogue *texts = cmd_catalogue();
	char line[CATALOGUE_TEXT], n[24];

	snprintf(n, sizeof(n), "%" PRIu64, rows);
	catalogue_format(texts, cmd_language(), "export.done", line, sizeof(line), "n", n, NULL);
	fprintf(stderr, "%s\n", line);
	catalogue_close(texts);
}

static int run(struct job *j)
{
	struct config *config = NULL;
	struct records_db *db = NULL;
	FILE *to = stdout;
	uint64_t rows = 0;
	int err = cmd_database_open(&j->place, &config, &db);

	if (err)
		return err;
	if (j->output) {
		to = fopen(j->output, "wbe");
		if (!to) {
			err = errno;
			log_error("app", "%s: %s", j->output, strerror(err));
		}
	}
	if (!err) {
		err = export_write(db, &j->o, to, &rows);
		if (err)
			log_error("app", "not exported: %s (%s)", strerror(err),
				  records_db_error(db));
	}
	if (to && to != stdout && fclose(to) && !err) {
		err = errno;
		log_error("app", "%s: %s", j->output, strerror(err));
	}
	if (!err)
		done_say(rows);
	records_db_close(db);
	config_free(config);
	return err;
}

int cmd_export(int argc, char **argv)
{
	struct job j = {.o = {.to_ms = INT64_MAX}};
	int err = options(&j, argc, argv);

	if (err) {
		fputs(usage, err < 0 ? stdout : stderr);
		return err < 0 ? CMD_OK : CMD_USAGE;
	}
	umask(077);
	return run(&j) ? CMD_FAILED : CMD_OK;
}
