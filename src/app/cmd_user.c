/* zongji user: accounts of the console. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "app/cmd.h"
#include "app/cmd_common.h"
#include "base/text.h"
#include "records/accounts.h"
#include "records/pin.h"

static const char usage[] =
    "usage: zongji user [--data DIR] [--config FILE] list [--org N]\n"
    "       zongji user … add NAME --role ROLE [--org N] [--person ID] [--generate]\n"
    "       zongji user … password NAME [--generate]\n"
    "       zongji user … role NAME ROLE\n"
    "       zongji user … disable NAME | enable NAME\n"
    "       zongji user … pin PERSON [--org N] [--generate]\n"
    "\n"
    "Accounts of the console. ROLE is staff, operator, manager or admin. The password is asked\n"
    "for, or read as the first line of standard input, or made with --generate and printed.\n"
    "A change ends the account's sessions. Works while the switchboard runs.\n"
    "pin sets the PIN of a person (an id in the directory) for the mailbox by phone: 4 to 12\n"
    "digits, asked for, read or made in the same way; it lifts a lock.\n"
    "\n"
    "  --data DIR     the switchboard's data folder (default: data)\n"
    "  --config FILE  node configuration (default: node.yaml there)\n"
    "  --org N        organisation (default: the first of the configuration)\n"
    "  --person ID    whose account it is, an id in the directory\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage.\n";

struct user {
	struct cmd_place place;
	uint32_t org, person;
	const char *role;
	bool generate;
	char **args; /* verb and what follows it */
	int count;
	enum lang lang;
	struct catalogue *texts;
	struct config *config;
	struct records_db *db;
	char by[80];
};

static int number_take(const char *text, uint32_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text || n == 0 || n > 999999999)
		return EINVAL;
	*out = (uint32_t)n;
	return 0;
}

static int options(struct user *u, int argc, char **argv)
{
	static const struct option table[] = {
	    {"data", 1, NULL, 'd'},   {"config", 1, NULL, 'c'}, {"org", 1, NULL, 'o'},
	    {"person", 1, NULL, 'p'}, {"role", 1, NULL, 'r'},	{"generate", 0, NULL, 'g'},
	    {"help", 0, NULL, 'h'},   {NULL, 0, NULL, 0},
	};
	int c, err = 0;

	optind = 1;
	while (!err && (c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'd')
			u->place.data = optarg;
		else if (c == 'c')
			u->place.config = optarg;
		else if (c == 'o')
			err = number_take(optarg, &u->org);
		else if (c == 'p')
			err = number_take(optarg, &u->person);
		else if (c == 'r')
			u->role = optarg;
		else if (c == 'g')
			u->generate = true;
		else if (c == 'h')
			return -1;
		else
			err = EINVAL;
	}
	u->args = argv + optind;
	u->count = argc - optind;
	return err || u->count < 1 ? EINVAL : 0;
}

static int password_get(const struct user *u, const char *name, char *out, size_t cap)
{
	char again[RECORDS_PASSWORD_MAX + 2], line[CATALOGUE_TEXT];

	if (u->generate) {
		cmd_secret_make(out);
		catalogue_format(u->texts, u->lang, "user.password", line, sizeof(line), "name",
				 name, "password", out, NULL);
		printf("%s\n", line);
		return 0;
	}
	cmd_line_read(catalogue_text(u->texts, u->lang, "user.ask.password"), out, cap);
	if (!isatty(STDIN_FILENO))
		return 0;
	cmd_line_read(catalogue_text(u->texts, u->lang, "user.ask.again"), again, sizeof(again));
	if (text_eq(out, again))
		return 0;
	fprintf(stderr, "%s\n", catalogue_text(u->texts, u->lang, "user.different"));
	return EINVAL;
}

struct listing {
	const struct user *u;
	const char *name; /* NULL: print all */
	struct records_account found;
	bool is_found;
};

static int listed(const struct records_account *a, void *arg)
{
	struct listing *l = arg;
	const struct user *u = l->u;

	if (l->name) {
		if (text_eq(a->name, l->name)) {
			l->found = *a;
			l->is_found = true;
		}
		return 0;
	}
	printf("%-20s %-9s %3u %6u  %s\n", a->name, records_role_name(a->role), a->org, a->person,
	       catalogue_text(u->texts, u->lang, a->enabled ? "user.enabled" : "user.disabled"));
	return 0;
}

static int account_find(const struct user *u, const char *name, struct records_account *out)
{
	struct listing l = {.u = u, .name = name};
	int err = 0;

	for (unsigned i = 0; i < u->config->node.organisation_count && !err && !l.is_found; i++)
		err = records_accounts(u->db, u->config->node.organisations[i].id, listed, &l);
	if (err || !l.is_found)
		return err ? err : ENOENT;
	*out = l.found;
	return 0;
}

static int run_list(struct user *u)
{
	struct listing l = {.u = u};
	int err = 0;

	for (unsigned i = 0; i < u->config->node.organisation_count && !err; i++) {
		uint32_t id = u->config->node.organisations[i].id;

		if (!u->org || u->org == id)
			err = records_accounts(u->db, id, listed, &l);
	}
	return err;
}

static int run_add(struct user *u)
{
	struct records_account a = {.person = u->person, .enabled = true};
	char password[RECORDS_PASSWORD_MAX + 2] = "";
	int err;

	if (!u->role || records_role_parse(u->role, &a.role))
		return -CMD_USAGE;
	a.org = u->org ? u->org : u->config->node.organisations[0].id;
	if (TEXT_COPY(a.name, u->args[1]))
		return EINVAL;
	err = password_get(u, a.name, password, sizeof(password));
	return err ? err : records_account_add(u->db, &a, password, u->by, NULL);
}

static int run_password(struct user *u)
{
	char password[RECORDS_PASSWORD_MAX + 2] = "";
	int err = password_get(u, u->args[1], password, sizeof(password));

	return err ? err : records_account_password(u->db, u->args[1], password, u->by);
}

static int run_role(struct user *u)
{
	struct records_account a;
	int err = account_find(u, u->args[1], &a);

	if (err)
		return err;
	if (records_role_parse(u->args[2], &a.role))
		return -CMD_USAGE;
	return records_account_set(u->db, &a, u->by);
}

static int enabled_set(struct user *u, bool on)
{
	struct records_account a;
	int err = account_find(u, u->args[1], &a);

	if (err)
		return err;
	a.enabled = on;
	return records_account_set(u->db, &a, u->by);
}

static int run_enable(struct user *u)
{
	return enabled_set(u, true);
}

static int run_disable(struct user *u)
{
	return enabled_set(u, false);
}

static void pin_make(char *out)
{
	do
		snprintf(out, RECORDS_PIN_MAX + 1, "%06u", randombytes_uniform(1000000));
	while (!records_pin_fit(out));
}

/* The question of a PIN; EINVAL (told): the two differ. */
static int pin_get(const struct user *u, char *out, size_t cap)
{
	char again[RECORDS_PIN_MAX + 3];

	if (u->generate) {
		pin_make(out);
		return 0;
	}
	cmd_line_read(catalogue_text(u->texts, u->lang, "user.ask.pin"), out, cap);
	if (!isatty(STDIN_FILENO))
		return 0;
	cmd_line_read(catalogue_text(u->texts, u->lang, "user.ask.again"), again, sizeof(again));
	if (text_eq(out, again))
		return 0;
	fprintf(stderr, "%s\n", catalogue_text(u->texts, u->lang, "user.different"));
	return EINVAL;
}

static int run_pin(struct user *u)
{
	char pin[RECORDS_PIN_MAX + 3] = "", line[CATALOGUE_TEXT];
	uint32_t org = u->org ? u->org : u->config->node.organisations[0].id, person;
	int err;

	if (number_take(u->args[1], &person))
		return -CMD_USAGE;
	err = pin_get(u, pin, sizeof(pin));
	if (!err)
		err = records_pin_set(u->db, org, person, pin, u->by);
	if (err == EINVAL)
		fprintf(stderr, "%s\n", catalogue_text(u->texts, u->lang, "user.pin.unfit"));
	if (!err && u->generate) {
		catalogue_format(u->texts, u->lang, "user.pin", line, sizeof(line), "person",
				 u->args[1], "pin", pin, NULL);
		printf("%s\n", line);
	}
	sodium_memzero(pin, sizeof(pin));
	return err;
}

static const struct {
	const char *verb;
	int count; /* words, the verb included */
	int (*run)(struct user *u);
} verbs[] = {
    {"list", 1, run_list}, {"add", 2, run_add},	      {"password", 2, run_password},
    {"role", 3, run_role}, {"enable", 2, run_enable}, {"disable", 2, run_disable},
    {"pin", 2, run_pin},
};

static int run(struct user *u, int (*verb)(struct user *u))
{
	int err;

	u->lang = cmd_language();
	u->texts = cmd_catalogue();
	if (!u->texts)
		return ENOENT;
	cmd_by(u->by, sizeof(u->by));
	err = cmd_database_open(&u->place, &u->config, &u->db);
	if (!err) {
		err = verb(u);
		if (err > 0)
			log_error("app", "%s: %s (%s)", u->args[0], strerror(err),
				  records_db_error(u->db));
		records_db_close(u->db);
		config_free(u->config);
	}
	catalogue_close(u->texts);
	return err;
}

int cmd_user(int argc, char **argv)
{
	struct user u = {0};
	int err = options(&u, argc, argv);

	if (err < 0) {
		fputs(usage, stdout);
		return CMD_OK;
	}
	for (size_t i = 0; !err && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (text_eq(u.args[0], verbs[i].verb) && u.count == verbs[i].count) {
			err = run(&u, verbs[i].run);
			if (err >= 0)
				return err ? CMD_FAILED : CMD_OK;
			break;
		}
	fputs(usage, stderr);
	return CMD_USAGE;
}
