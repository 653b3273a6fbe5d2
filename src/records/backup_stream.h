/* Items of a backup's stream, for backup.c and restore.c. */
#ifndef RECORDS_BACKUP_STREAM_H
#define RECORDS_BACKUP_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <sodium.h>

#include "records/backup.h"
#include "records/copy.h"

#define BACKUP_FORMAT	1
#define BACKUP_ITEM_MAX (16u << 20) /* bytes */
#define BACKUP_HASH	32
#define BACKUP_DATA	(VAULT_CHUNK - 64) /* of a file in one item */

struct backup_bytes {
	unsigned char *at;
	size_t len, cap;
};
int backup_bytes_room(struct backup_bytes *b, size_t more);

/* A row as bytes and back; texts of the values point into them. EBADMSG. */
int backup_row_pack(struct backup_bytes *b, const struct copy_table *t,
		    const struct store_value *values);
int backup_row_unpack(const unsigned char *at, size_t len, unsigned count,
		      struct store_value *values);

/* A plain path below a folder: no "..", no empty part, not absolute. */
bool backup_path_plain(const char *path);

#endif
