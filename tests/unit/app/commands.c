#include <string.h>

#include "app/cmd.h"

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} all[] = {{"check", cmd_check},
		   {"init", cmd_init},
		   {"user", cmd_user},
		   {"directory", cmd_directory}};

	for (size_t i = 0; argc > 1 && i < sizeof(all) / sizeof(*all); i++)
		if (strcmp(argv[1], all[i].name) == 0)
			return all[i].run(argc - 1, argv + 1);
	return CMD_USAGE;
}
