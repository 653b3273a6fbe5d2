/*
 * A file that is encrypted, authenticated and ordered as it is written: libsodium's secretstream in
 * chunks, under a key file's key or one made from a passphrase (Argon2id). It comes under its name
 * only when it is whole and on the disk; until then it is NAME.part, and what a crash leaves of
 * that is no backup.
 *
 *   magic 16 · kind 1 · operations u32 · KiB u32 · salt 16 · key check 16 · stream header 24
 *   then chunks: u32 length, ciphertext; the last one is tagged final
 *
 * Numbers are little-endian. The head is authenticated with the first chunk. One thread a vault.
 */
#ifndef RECORDS_VAULT_H
#define RECORDS_VAULT_H

#include <stddef.h>
#include <stdint.h>

#define VAULT_CHUNK	 65536 /* of plain text */
#define VAULT_KEY	 32
#define VAULT_PASSPHRASE 1024
#define VAULT_MEMORY_KIB 65536	 /* for a passphrase */
#define VAULT_KIB_MAX	 1048576 /* a file that asks for more is refused */

struct vault;

/* One of them. Only read during the call. */
struct vault_secret {
	const char *passphrase;
	const unsigned char *key; /* VAULT_KEY bytes */
};

/* Begins PATH.part with mode 0600. Errors: errno; ENOMEM, also for the passphrase's memory. */
int vault_create(struct vault **vp, const char *path, const struct vault_secret *secret);

/* Errors: errno; EPROTO (not such a file, or it asks for a key of the other kind), EACCES (another
 * passphrase or key), ENODATA (shorter than its head). */
int vault_open(struct vault **vp, const char *path, const struct vault_secret *secret);

int vault_put(struct vault *v, const void *bytes, size_t n);

/* Exactly n bytes. ENODATA: the file ends too early; EBADMSG: it was changed, see vault_at. */
int vault_get(struct vault *v, void *bytes, size_t n);

/* After the last byte of a file that is read: EBADMSG when something follows. */
int vault_end(struct vault *v);

/* How far into the file, in bytes. */
uint64_t vault_at(const struct vault *v);

/* What was written becomes PATH, durable. */
int vault_commit(struct vault *v);

/* Without a commit what was written is removed. Accepts NULL. */
void vault_close(struct vault *v);

#endif
