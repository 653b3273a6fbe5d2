/*
 * A backup: the rows of a database of either engine, in one state of it, and files beside it, in a
 * vault (vault.h). Its stream is items: u8 kind, u32 length (little-endian), bytes.
 *
 *   M  manifest, JSON: format, program, schema, engine, made_ms
 *   T  a table begins, JSON: table, columns      R  a row: a value after the other,
 *      n | i and i64 | t and u32 length and text with its NUL
 *   F  a file begins, JSON: path, mode, bytes    D  some of its bytes
 *   E  the table or file ends, JSON: rows or bytes, blake2b of its R or D items
 *   Z  the end, JSON: tables, rows, files, bytes
 */
#ifndef RECORDS_BACKUP_H
#define RECORDS_BACKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "records/records.h"
#include "records/vault.h"

#define BACKUP_WHY  384
#define BACKUP_PATH 400

struct backup_counts {
	uint64_t tables, rows, files, bytes;
};

struct backup_writer;

struct backup_options {
	const char *program; /* version, for the manifest */
	int64_t at_ms;
	/* Adds files: before the rows, and again after them, when what rows name is in place. */
	int (*files)(struct backup_writer *w, bool after, void *arg);
	void *arg;
};

/* A file from `from`, restored as `to`, a plain path below the data folder. A file that has gone
 * meanwhile is left out. Of PEM with a private key only the public parts are taken, as
 * to.public.pem. */
int backup_file(struct backup_writer *w, const char *from, const char *to);

/* Writes all of it into the vault, which the caller commits. The switchboard may be running. why
 * says what failed. */
int backup_write(struct vault *v, const struct store_options *from, const struct backup_options *o,
		 struct backup_counts *out, char why[BACKUP_WHY]);

struct backup_manifest {
	unsigned schema;
	int64_t made_ms;
	char program[32], engine[16];
};

/* Where it goes. Without `folder` everything is only read and checked. */
struct backup_target {
	const char *folder;		/* is there, empty */
	const struct store_options *to; /* holds nothing of ours; NULL: decided by `store` */
	/* Called when the files are in place, with the rows to come: says which database. */
	int (*store)(void *arg, struct store_options *to);
	void *arg;
};

/* why says what is wrong and where. Errors of vault.h; EEXIST: the database isn't empty. With
 * SQLite what was written so far stays for the caller to remove; PostgreSQL has all or nothing. */
int backup_read(struct vault *v, const struct backup_target *t, struct backup_manifest *m,
		struct backup_counts *out, char why[BACKUP_WHY]);

/* All rows of one database into another, empty one: all or nothing, compared before it is
 * committed (SQLite as the target: before the function returns). Nobody may write meanwhile. */
int backup_move(const struct store_options *from, const struct store_options *to,
		struct backup_counts *out, char why[BACKUP_WHY]);

/* What an older program wrote is derived anew, as a start of the switchboard does. */
int backup_derive(const struct store_options *to, const struct records_vocabulary *v,
		  char why[BACKUP_WHY]);

#endif
