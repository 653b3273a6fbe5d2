/*
 * A CSV file as rows that keep their lines, for checks across files. Lenient: what is wrong with a
 * file itself is told by records_csv_check.
 */
#ifndef APP_CONFIG_TABLE_H
#define APP_CONFIG_TABLE_H

#include <stddef.h>

struct table {
	char *text;	 /* cut into fields in place */
	char **fields;	 /* rows × columns, NULL where a row is too short */
	unsigned *lines; /* of each row, from 1 */
	char **names;	 /* of the columns */
	unsigned rows, columns;
};

/* Takes text over (freed by table_free, also on failure). Returns 0 or ENOMEM. */
int table_parse(struct table *t, char *text, size_t len);
void table_free(struct table *t);

/* A field by its column's name; "" when there is none. */
const char *table_field(const struct table *t, unsigned row, const char *column);

#endif
