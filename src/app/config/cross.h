/* Configuration against a directory: what both kinds of directory (database, CSV) are held to. */
#ifndef APP_CONFIG_CROSS_H
#define APP_CONFIG_CROSS_H

#include "app/config/document.h"

/* Where an entry stands: lines by index, NULL when it comes from the database. */
struct cross_lines {
	const unsigned *extensions, *people, *departments;
	const char *folder;
};

void cross_check(const struct config *c, unsigned organisation, const struct directory *d,
		 const struct cross_lines *lines, struct config_errors *errs);

#endif
