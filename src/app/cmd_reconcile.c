/* zongji reconcile, zongji seal: call records and figures against the event log they came from. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/app.h"
#include "app/cmd.h"
#include "app/cmd_common.h"
#include "records/figures.h"

#define SHOWN	    20 /* differences printed */
#define KEEP_MONTHS 13

static const char reconcile_usage[] =
    "usage: zongji reconcile [--data DIR] [--config FILE] [--org N] [--repair]\n"
    "\n"
    "Folds every call anew from the event log and recomputes every figure from it by SQL of its\n"
    "own; tells each that differs from what stands. The switchboard may be running.\n"
    "\n"
    "  --data DIR     the switchboard's data folder (default: data)\n"
    "  --config FILE  node configuration (default: node.yaml there)\n"
    "  --org N        one organisation (default: all of the configuration)\n"
    "  --repair       make records, search and figures anew from the log first; the\n"
    "                 switchboard must be stopped\n"
    "\n"
    "Exit status: 0 all equal, 1 something differs or failed, 2 usage.\n";

static const char seal_usage[] =
    "usage: zongji seal [--data DIR] [--config FILE] [--org N] [--months N]\n"
    "\n"
    "Compares call records and figures older than N months with the event log and, when all are\n"
    "equal, lets that part of the log go; records and figures stay. The switchboard may be\n"
    "running, and the command may be broken off and given again.\n"
    "\n"
    "  --data DIR     the switchboard's data folder (default: data)\n"
    "  --config FILE  node configuration (default: node.yaml there)\n"
    "  --org N        one organisation (default: all of the configuration)\n"
    "  --months N     keep so many months of the log, 1 to 120 (default: 13)\n"
    "\n"
    "Exit status: 0 done, 1 something differs or failed, 2 usage.\n";

struct job {
	struct cmd_place place;
	uint32_t org;
	bool repair;
	unsigned months;
	struct config *config;
	struct records_db *db;
	struct records_vocabulary v;
	struct catalogue *texts;
	enum lang lang;
	uint64_t shown;
};

static void say(const struct job *j, const char *key, uint32_t org, uint64_t n, uint64_t of)
{
	char line[CATALOGUE_TEXT], orgs[16], ns[24], ofs[24];

	snprintf(orgs, sizeof(orgs), "%u", org);
	snprintf(ns, sizeof(ns), "%" PRIu64, n);
	snprintf(ofs, sizeof(ofs), "%" PRIu64, of);
	catalogue_format(j->texts, j->lang, key, line, sizeof(line), "org", orgs, "n", ns, "of",
			 ofs, NULL);
	printf("%s\n", line);
}

static int on_difference(const struct records_figure_difference *d, void *arg)
{
	static const char *const kinds[RECORDS_FIGURES_KINDS] = {"all", "operator", "department",
								 "line"};
	struct job *j = arg;
	time_t t = (time_t)(d->hour * 3600);
	struct tm tm;
	char at[32];

	if (j->shown++ >= SHOWN)
		return 0;
	localtime_r(&t, &tm);
	strftime(at, sizeof(at), "%Y-%m-%d %H:%M", &tm);
	printf("  %s %s %" PRId64 " %s: %" PRId64 " / %" PRId64 "\n", at, kinds[d->kind], d->item,
	       records_figure_name(d->figure), d->stands, d->should);
	return 0;
}

static int reconcile_org(struct job *j, uint32_t org)
{
	uint64_t calls = 0, different = 0, compared = 0;
	int err = records_reconcile(j->db, &j->v, org, &calls, &different);

	if (!err) {
		say(j, "reconcile.records", org, different, calls);
		j->shown = 0;
		err = records_reconcile_figures(j->db, org, 0, 0, on_difference, j, &compared);
	}
	if (err)
		return err;
	say(j, "reconcile.figures", org, j->shown, compared);
	return different || j->shown ? EBADMSG : 0;
}

static int seal_org(struct job *j, uint32_t org)
{
	struct records_sealing w = {.org = org, .at_ms = clock_wall_ms()};
	struct records_sealed done;
	char by[80];
	int err;

	w.until_ms = app_log_until(w.at_ms, j->months);
	cmd_by(by, sizeof(by));
	w.by = by;
	err = records_seal(j->db, &j->v, &w, &done);
	if (err == EBADMSG)
		say(j, "seal.differs", org, done.different, done.calls);
	else if (!err)
		say(j, "seal.done", org, done.steps, done.calls);
	return err;
}

static int run(struct job *j, int (*each)(struct job *j, uint32_t org))
{
	uint64_t calls = 0;
	int err = cmd_database_open(&j->place, &j->config, &j->db), worst = 0;
	bool found = false;

	if (err)
		return err;
	if (j->repair) {
		worst = records_rebuild(j->db, &j->v, &calls);
		if (!worst)
			say(j, "reconcile.repaired", 0, calls, calls);
	}
	for (unsigned i = 0; i < j->config->node.organisation_count && !worst; i++) {
		uint32_t org = j->config->node.organisations[i].id;

		if (j->org && j->org != org)
			continue;
		found = true;
		err = each(j, org);
		worst = err ? err : worst;
	}
	if (worst && worst != EBADMSG)
		log_error("app", "%s (%s)", strerror(worst), records_db_error(j->db));
	if (!worst && !found)
		fprintf(stderr, "zongji: --org %u isn't in the configuration\n", j->org);
	records_db_close(j->db);
	config_free(j->config);
	return worst ? worst : found ? 0 : ENOENT;
}

static int options(struct job *j, int argc, char **argv, bool seal)
{
	static const struct option table[] = {
	    {"data", 1, NULL, 'd'},   {"config", 1, NULL, 'c'}, {"org", 1, NULL, 'o'},
	    {"repair", 0, NULL, 'r'}, {"months", 1, NULL, 'm'}, {"help", 0, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'd')
			j->place.data = optarg;
		else if (c == 'c')
			j->place.config = optarg;
		else if (c == 'o')
			j->org = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 'h')
			return -1;
		else if (c == 'r' && !seal)
			j->repair = true;
		else if (c == 'm' && seal)
			j->months = (unsigned)strtoul(optarg, NULL, 10);
		else
			return EINVAL;
	}
	return argc != optind || j->months < 1 || j->months > 120 ? EINVAL : 0;
}

static int command(int argc, char **argv, bool seal)
{
	struct job j = {.months = KEEP_MONTHS, .lang = cmd_language()};
	const char *usage = seal ? seal_usage : reconcile_usage;
	int err = options(&j, argc, argv, seal);

	if (err) {
		fputs(usage, err < 0 ? stdout : stderr);
		return err < 0 ? CMD_OK : CMD_USAGE;
	}
	app_vocabulary(&j.v);
	j.texts = cmd_catalogue();
	err = run(&j, seal ? seal_org : reconcile_org);
	catalogue_close(j.texts);
	return err ? CMD_FAILED : CMD_OK;
}

int cmd_reconcile(int argc, char **argv)
{
	return command(argc, argv, false);
}

int cmd_seal(int argc, char **argv)
{
	return command(argc, argv, true);
}
