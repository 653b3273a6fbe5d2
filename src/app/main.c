/* The program: a table of its commands. */
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("zongji " ZONGJI_VERSION);
	return CMD_OK;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"serve", cmd_serve, "run the switchboard"},
	{"init", cmd_init, "write the configuration of one's own company"},
	{"check", cmd_check, "find every error in configuration, measures or directory files"},
	{"call", cmd_call, "place a call and tell what happens"},
	{"prompts", cmd_prompts, "write every sentence as a sound file, to be recorded anew"},
	{"user", cmd_user, "accounts: add, password, list, role"},
	{"directory", cmd_directory, "people, departments, extensions: import, export, check"},
	{"reconcile", cmd_reconcile, "compare call records and figures with the event log"},
	{"seal", cmd_seal, "let go of the old event log, after comparing"},
	{"backup", cmd_backup, "write everything into one encrypted file, while running"},
	{"restore", cmd_restore, "check a backup, or make a data folder from it"},
	{"move", cmd_move, "take the database to another one, SQLite or PostgreSQL"},
	{"export", cmd_export, "calls, messages, figures or openings as CSV or JSON lines"},
	{"version", cmd_version, "print the version"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *to)
{
	fprintf(to, "usage: zongji COMMAND [--help] …\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(to, "\nExit status: 0 done, 1 failed, 2 wrong usage.\n");
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return CMD_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return CMD_OK;
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "zongji: no command “%s”\n\n", argv[1]);
	usage(stderr);
	return CMD_USAGE;
}
