/* Directory files: the first byte chooses which of the three; the lenient reader takes them too. */
#include <stdlib.h>
#include <string.h>

#include "app/config/table.h"
#include "records/directory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct records_csv_errors errors;
	struct records_csv csv;
	struct table t;
	char *copy;
	int err;

	if (size < 1)
		return 0;
	memset(&csv, 0, sizeof(csv));
	memset(&errors, 0, sizeof(errors));
	csv.file[data[0] % RECORDS_FILES].data = (const char *)data + 1;
	csv.file[data[0] % RECORDS_FILES].len = size - 1;
	err = records_csv_check(&csv, &errors);
	if ((err == 0) != (errors.count == 0))
		abort();
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	if (table_parse(&t, copy, size - 1) == 0) {
		for (unsigned i = 0; i < t.rows; i++)
			if (!table_field(&t, i, "id"))
				abort();
		table_free(&t);
	}
	return 0;
}
