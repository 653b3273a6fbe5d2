/* Node and measures files: the first byte chooses which; every error must have a text. */
#include <stdlib.h>
#include <string.h>

#include "app/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config_errors errs;
	static struct node_config node;
	static struct measures measures;
	const char *text = (const char *)data + 1;
	char line[512];
	int err;

	if (size < 1)
		return 0;
	memset(&errs, 0, sizeof(errs));
	err = data[0] & 1 ? config_measures_parse("dir/m.yaml", text, size - 1, &measures, &errs)
			  : config_node_parse("dir/n.yaml", text, size - 1, &node, &errs);
	if ((err == 0) != (errs.errors == 0))
		abort();
	for (size_t i = 0; i < errs.count; i++)
		config_error_text(&errs.list[i], NULL, "en", line, sizeof(line));
	return 0;
}
