/*
 * The file of a tape: what was sent and heard on one leg, payloads as they were on the line.
 *
 *   magic 16 · nonce 24 · the tape's key, sealed with the node's 48 · stream header 24
 *   then blocks: u32 length, ciphertext; the last one is tagged final
 *
 * The key is random for each tape. Whoever overwrites its place has destroyed the tape, wherever
 * else its blocks still are. A block holds whole records:
 *
 *   side u8 (0 the leg says it, 1 it is sent to the leg) · codec u8 · length u16 · ms u32 · payload
 *
 * Numbers are little-endian; ms counts from the beginning of the tape. A file that ends without the
 * final block was cut off: all its whole blocks are good.
 */
#ifndef MEDIA_TAPE_H
#define MEDIA_TAPE_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/media.h"

#define TAPE_BLOCK  16384 /* of plain text, at most */
#define TAPE_RECORD 8     /* head of a record */
#define TAPE_MAGIC  "ZONGJI TAPE 001\n"
#define TAPE_NONCE_AT 16
#define TAPE_KEY_AT (TAPE_NONCE_AT + crypto_secretbox_NONCEBYTES)
#define TAPE_STREAM_AT (TAPE_KEY_AT + MEDIA_TAPE_KEY + crypto_secretbox_MACBYTES)
#define TAPE_HEAD (TAPE_STREAM_AT + crypto_secretstream_xchacha20poly1305_HEADERBYTES)
#define TAPE_SEALED (TAPE_BLOCK + crypto_secretstream_xchacha20poly1305_ABYTES)

enum tape_side { TAPE_FROM, TAPE_TO };

struct tape_file {
	int fd; /* -1 closed */
	uint64_t at;
	crypto_secretstream_xchacha20poly1305_state stream;
};

/* Errors: errno. A file that couldn't be begun is removed. */
int tape_file_create(struct tape_file *f, const char *path, const uint8_t key[MEDIA_TAPE_KEY]);

/* Appends one block; after an error the file still ends with its last whole one. */
int tape_file_put(struct tape_file *f, const uint8_t *block, size_t len, bool last);

/* Synced. */
int tape_file_close(struct tape_file *f);

void tape_put_record(uint8_t *at, enum tape_side side, enum codec codec, size_t len, uint32_t ms);

#endif
