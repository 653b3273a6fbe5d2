/* A folder of CSV files as texts, and records' errors about them in the words of `zongji check`. */
#ifndef APP_CONFIG_FOLDER_H
#define APP_CONFIG_FOLDER_H

#include "app/config/config.h"
#include "records/directory.h"

extern const char *const folder_files[RECORDS_FILES]; /* "people.csv" … */

struct folder_texts {
	struct records_csv csv;
	char *text[RECORDS_FILES]; /* owned */
};

/* Reads the files; one that isn't there is an error with `whole`, else left out. Always leaves *t
 * fit for folder_free. Returns 0 or EINVAL with errors told. */
int folder_read(const char *folder, bool whole, struct folder_texts *t, struct config_errors *errs);
void folder_free(struct folder_texts *t);

void folder_tell(const char *folder, const struct records_csv_errors *found,
		 struct config_errors *errs);

#endif
