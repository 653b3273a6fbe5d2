/* What a backup takes along beside the database, and the secret that it is under. */
#ifndef APP_BACKUP_FILES_H
#define APP_BACKUP_FILES_H

#include <jansson.h>

#include "app/cmd_common.h"
#include "records/backup.h"

struct backup_secret {
	char passphrase[VAULT_PASSPHRASE];
	unsigned char key[VAULT_KEY];
	struct vault_secret s; /* points into this value */
};

/* From a key file (32 bytes or more of any content), the first line of a passphrase file, or,
 * with neither, standard input. EINVAL after a line in the log. */
int backup_secret_read(struct backup_secret *out, const char *key_file,
		       const char *passphrase_file);

struct backup_place {
	const struct cmd_store *store;
	const char *own; /* the backup itself: not in itself */
	json_t *taken;	 /* names so far, as keys */
};

/* For struct backup_options: the configuration before the rows, the data folder's files after
 * them. What is only of the moment (registrations, sessions, recordings under way) stays. */
int backup_files_add(struct backup_writer *w, bool after, void *place);

#endif
