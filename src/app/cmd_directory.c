/* zongji directory: people, departments and extensions in and out of the database as CSV. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cmd.h"
#include "app/cmd_common.h"
#include "app/config/folder.h"
#include "base/clock.h"
#include "base/text.h"

static const char usage[] =
    "usage: zongji directory [--data DIR] [--config FILE] [--org N] import FOLDER\n"
    "       zongji directory … export FOLDER [--force]\n"
    "       zongji directory … check FOLDER\n"
    "       zongji directory … secret NUMBER\n"
    "\n"
    "The directory of an organisation as people.csv, departments.csv and extensions.csv.\n"
    "  import  makes the database equal to the files that are in FOLDER, whole or not at all;\n"
    "          a file that isn't there leaves its part as it is. Phones keep their passwords.\n"
    "  export  writes the three files; never over others unless --force\n"
    "  check   finds every error of the files, against the configuration too\n"
    "  secret  gives the phone with that number a new random password and prints it\n"
    "\n"
    "  --data DIR     the switchboard's data folder (default: data)\n"
    "  --config FILE  node configuration (default: node.yaml there)\n"
    "  --org N        organisation (default: the first of the configuration)\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

struct job {
	struct cmd_place place;
	uint32_t org;
	unsigned index; /* of org in the configuration */
	bool force;
	const char *what; /* folder or number */
	enum lang lang;
	struct catalogue *texts;
	struct config *config;
	struct records_db *db;
	struct config_errors errs;
	char by[80];
};

static int run_import(struct job *j)
{
	struct records_csv_errors *found = calloc(1, sizeof(*found));
	struct records_import_counts n;
	struct folder_texts t;
	char added[16], changed[16], removed[16], line[CATALOGUE_TEXT];
	int err = found ? folder_read(j->what, false, &t, &j->errs) : ENOMEM;

	if (err) {
		free(found);
		return err;
	}
	err = records_directory_import(j->db, j->org, &t.csv, j->by, clock_wall_ms(), found, &n);
	folder_tell(j->what, found, &j->errs);
	if (!err) {
		snprintf(added, sizeof(added), "%u", n.added);
		snprintf(changed, sizeof(changed), "%u", n.changed);
		snprintf(removed, sizeof(removed), "%u", n.removed);
		catalogue_format(j->texts, j->lang, "directory.imported", line, sizeof(line),
				 "folder", j->what, "added", added, "changed", changed, "removed",
				 removed, NULL);
		printf("%s\n", line);
	}
	folder_free(&t);
	free(found);
	return err;
}

static int file_export(struct job *j, enum records_csv_file i)
{
	char path[CONFIG_PATH], *text = NULL;
	size_t len = 0;
	int err = records_directory_export(j->db, j->org, i, &text, &len), fd;
	FILE *f;

	if (err)
		return err;
	snprintf(path, sizeof(path), "%.200s/%s", j->what, folder_files[i]);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (j->force ? O_TRUNC : O_EXCL), 0600);
	f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		err = errno;
	else if (fwrite(text, 1, len, f) != len)
		err = EIO;
	if (f && fclose(f) && !err)
		err = errno;
	if (err)
		fprintf(stderr, "%s: %s\n", path, strerror(err));
	free(text);
	return err;
}

static int run_export(struct job *j)
{
	char line[CATALOGUE_TEXT];
	int err = mkdir(j->what, 0700) && errno != EEXIST ? errno : 0;

	for (unsigned i = 0; i < RECORDS_FILES && !err; i++)
		err = file_export(j, i);
	if (!err) {
		catalogue_format(j->texts, j->lang, "directory.exported", line, sizeof(line),
				 "folder", j->what, NULL);
		printf("%s\n", line);
	}
	return err;
}

static int run_check(struct job *j)
{
	config_folder_check(j->config, j->index, j->what, &j->errs);
	return j->errs.errors ? EINVAL : 0;
}

struct phone {
	uint32_t extension;
	struct records_credential found;
	bool is_found;
};

static int phone_listed(const struct records_credential *c, void *arg)
{
	struct phone *p = arg;

	if (c->extension == p->extension) {
		p->found = *c;
		p->is_found = true;
	}
	return 0;
}

static int phone_find(struct job *j, struct phone *p)
{
	struct directory *d = NULL;
	char clash[64] = "";
	int err = records_directory_load(j->db, j->org, &d, clash, sizeof(clash));

	for (uint32_t i = 0; !err && i < d->extension_count; i++)
		if (text_eq(d->extensions[i].number, j->what))
			p->extension = d->extensions[i].id;
	records_directory_free(d);
	if (!err && p->extension)
		err = records_credentials(j->db, j->org, phone_listed, p);
	return err ? err : p->is_found ? 0 : ENOENT;
}

static int run_secret(struct job *j)
{
	struct phone p = {0};
	char secret[CMD_SECRET_LEN + 1], line[CATALOGUE_TEXT];
	int err = phone_find(j, &p);

	if (err)
		return err;
	cmd_secret_make(secret);
	err = records_extension_secret_set(j->db, j->org, p.extension, j->config->node.sip.realm,
					   secret, j->by);
	if (err)
		return err;
	catalogue_format(j->texts, j->lang, "directory.secret", line, sizeof(line), "user",
			 p.found.user, "password", secret, NULL);
	printf("%s\n", line);
	return 0;
}

static const struct {
	const char *verb;
	int (*run)(struct job *j);
} verbs[] = {
    {"import", run_import},
    {"export", run_export},
    {"check", run_check},
    {"secret", run_secret},
};

/* The organisation must be in the configuration: a mistyped number makes no new one. */
static int organisation_find(struct job *j)
{
	const struct node_config *n = &j->config->node;

	if (!j->org)
		j->org = n->organisations[0].id;
	for (j->index = 0; j->index < n->organisation_count; j->index++)
		if (n->organisations[j->index].id == j->org)
			return 0;
	fprintf(stderr, "zongji directory: --org %u isn't in the configuration\n", j->org);
	return ENOENT;
}

static int organisation_make(struct job *j)
{
	const struct config_organisation *c = &j->config->node.organisations[j->index];
	struct records_org o = {.id = c->id, .kind = (uint8_t)c->kind};

	TEXT_COPY(o.name, c->name);
	return records_org_set(j->db, &o, j->by);
}

static int run(struct job *j, int (*verb)(struct job *j))
{
	int err;

	j->lang = cmd_language();
	j->texts = cmd_catalogue();
	if (!j->texts)
		return ENOENT;
	cmd_by(j->by, sizeof(j->by));
	err = cmd_database_open(&j->place, &j->config, &j->db);
	if (!err) {
		err = organisation_find(j);
		if (!err && verb == run_import)
			err = organisation_make(j);
		if (!err)
			err = verb(j);
		config_errors_print(&j->errs, j->texts, lang_name(j->lang), stdout);
		if (err && !j->errs.count)
			log_error("app", "%s: %s (%s)", j->what, strerror(err),
				  records_db_error(j->db));
		records_db_close(j->db);
		config_free(j->config);
	}
	catalogue_close(j->texts);
	return err;
}

static int options(struct job *j, int argc, char **argv)
{
	static const struct option table[] = {
	    {"data", 1, NULL, 'd'},  {"config", 1, NULL, 'c'}, {"org", 1, NULL, 'o'},
	    {"force", 0, NULL, 'f'}, {"help", 0, NULL, 'h'},   {NULL, 0, NULL, 0},
	};
	int c, err = 0;

	optind = 1;
	while (!err && (c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'd')
			j->place.data = optarg;
		else if (c == 'c')
			j->place.config = optarg;
		else if (c == 'o')
			j->org = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 'f')
			j->force = true;
		else if (c == 'h')
			return -1;
		else
			err = EINVAL;
	}
	return err || argc - optind != 2 ? EINVAL : 0;
}

int cmd_directory(int argc, char **argv)
{
	struct job *j = calloc(1, sizeof(*j));
	int err = j ? options(j, argc, argv) : ENOMEM, status = CMD_USAGE;

	if (err < 0) {
		fputs(usage, stdout);
		status = CMD_OK;
		goto out;
	}
	for (size_t i = 0; !err && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (text_eq(argv[optind], verbs[i].verb)) {
			j->what = argv[optind + 1];
			status = run(j, verbs[i].run) ? CMD_FAILED : CMD_OK;
			goto out;
		}
	fputs(usage, stderr);
out:
	free(j);
	return status;
}
