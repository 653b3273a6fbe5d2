#include "records/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#define MAGIC	   "ZONGJI-BACKUP-1\n"
#define MAGIC_LEN  16
#define CHECK_LEN  16
#define STREAM_LEN crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define HEAD_LEN   (MAGIC_LEN + 1 + 4 + 4 + crypto_pwhash_SALTBYTES + CHECK_LEN + STREAM_LEN)
#define OVER	   crypto_secretstream_xchacha20poly1305_ABYTES
#define OPERATIONS 3

enum kind { KIND_PASSPHRASE = 'P', KIND_KEY = 'K' };

struct vault {
	FILE *f;
	char *path, *part; /* written */
	bool first, final, failed;
	unsigned char head[HEAD_LEN];
	crypto_secretstream_xchacha20poly1305_state state;
	size_t have, taken; /* of plain */
	uint64_t at;
	unsigned char plain[VAULT_CHUNK];
	unsigned char cipher[VAULT_CHUNK + OVER];
};

static void u32_put(unsigned char *at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(n >> (8 * i));
}

static uint32_t u32_get(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Where the parts of the head lie. */
static unsigned char *head_numbers(struct vault *v)
{
	return v->head + MAGIC_LEN + 1;
}
static unsigned char *head_salt(struct vault *v)
{
	return head_numbers(v) + 8;
}
static unsigned char *head_check(struct vault *v)
{
	return head_salt(v) + crypto_pwhash_SALTBYTES;
}
static unsigned char *head_stream(struct vault *v)
{
	return head_check(v) + CHECK_LEN;
}

/* The stream's key by the head's numbers, and what tells that it is the right one. */
static int key_make(struct vault *v, const struct vault_secret *secret,
		    unsigned char key[VAULT_KEY], unsigned char check[CHECK_LEN])
{
	unsigned char base[VAULT_KEY];
	int err = 0;

	if (secret->key)
		memcpy(base, secret->key, sizeof(base));
	else if (crypto_pwhash(base, sizeof(base), secret->passphrase, strlen(secret->passphrase),
			       head_salt(v), u32_get(head_numbers(v)),
			       (size_t)u32_get(head_numbers(v) + 4) * 1024,
			       crypto_pwhash_ALG_ARGON2ID13))
		err = ENOMEM;
	/* A key file serves for many backups: each has a key of its own by its salt. */
	if (!err) {
		crypto_generichash(key, VAULT_KEY, head_salt(v), crypto_pwhash_SALTBYTES, base,
				   sizeof(base));
		crypto_generichash(check, CHECK_LEN, (const unsigned char *)"check", 5, key,
				   VAULT_KEY);
	}
	sodium_memzero(base, sizeof(base));
	return err;
}

static int head_make(struct vault *v, const struct vault_secret *secret)
{
	unsigned char key[VAULT_KEY];
	int err;

	memcpy(v->head, MAGIC, MAGIC_LEN);
	v->head[MAGIC_LEN] = secret->key ? KIND_KEY : KIND_PASSPHRASE;
	u32_put(head_numbers(v), OPERATIONS);
	u32_put(head_numbers(v) + 4, VAULT_MEMORY_KIB);
	randombytes_buf(head_salt(v), crypto_pwhash_SALTBYTES);
	err = key_make(v, secret, key, head_check(v));
	if (!err)
		crypto_secretstream_xchacha20poly1305_init_push(&v->state, head_stream(v), key);
	sodium_memzero(key, sizeof(key));
	return err;
}

static int bytes_write(struct vault *v, const void *bytes, size_t n)
{
	if (fwrite(bytes, 1, n, v->f) == n) {
		v->at += n;
		return 0;
	}
	v->failed = true;
	return errno ? errno : EIO;
}

static int part_begin(struct vault *v, const char *path)
{
	int fd;

	v->path = strdup(path);
	if (!v->path || asprintf(&v->part, "%s.part", path) < 0) {
		v->part = NULL;
		return ENOMEM;
	}
	fd = open(v->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		int err = errno;

		/* Nothing of ours is there to be removed. */
		free(v->part);
		v->part = NULL;
		return err;
	}
	v->f = fdopen(fd, "wb");
	return v->f ? 0 : ENOMEM;
}

int vault_create(struct vault **vp, const char *path, const struct vault_secret *secret)
{
	struct vault *v = calloc(1, sizeof(*v));
	int err = v && sodium_init() >= 0 ? 0 : ENOMEM;

	if (!err)
		err = part_begin(v, path);
	if (!err)
		err = head_make(v, secret);
	if (!err)
		err = bytes_write(v, v->head, HEAD_LEN);
	if (err) {
		vault_close(v);
		return err;
	}
	v->first = true;
	*vp = v;
	return 0;
}

static int chunk_write(struct vault *v, bool final)
{
	const unsigned char tag = final ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
					: crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
	unsigned char length[4];
	unsigned long long n = 0;
	int err;

	crypto_secretstream_xchacha20poly1305_push(&v->state, v->cipher, &n, v->plain, v->have,
						   v->first ? v->head : NULL,
						   v->first ? HEAD_LEN : 0, tag);
	u32_put(length, (uint32_t)n);
	err = bytes_write(v, length, sizeof(length));
	if (!err)
		err = bytes_write(v, v->cipher, (size_t)n);
	v->first = false;
	v->have = 0;
	return err;
}

int vault_put(struct vault *v, const void *bytes, size_t n)
{
	const unsigned char *from = bytes;
	int err = 0;

	while (n > 0 && !err) {
		size_t some = VAULT_CHUNK - v->have < n ? VAULT_CHUNK - v->have : n;

		memcpy(v->plain + v->have, from, some);
		v->have += some;
		from += some;
		n -= some;
		if (v->have == VAULT_CHUNK)
			err = chunk_write(v, false);
	}
	return err;
}

static int folder_sync(const char *path)
{
	char *copy = strdup(path);
	int fd, err = 0;

	if (!copy)
		return ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		err = errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return err;
}

int vault_commit(struct vault *v)
{
	int err = v->failed ? EIO : chunk_write(v, true);

	if (!err && (fflush(v->f) || fsync(fileno(v->f))))
		err = errno;
	if (!err && rename(v->part, v->path))
		err = errno;
	if (err)
		return err;
	free(v->part);
	v->part = NULL;
	return folder_sync(v->path);
}

/* --- reading --- */

static int bytes_read(struct vault *v, void *bytes, size_t n)
{
	size_t got = fread(bytes, 1, n, v->f);

	v->at += got;
	if (got == n)
		return 0;
	return ferror(v->f) ? EIO : ENODATA;
}

static int head_read(struct vault *v, const struct vault_secret *secret)
{
	unsigned char key[VAULT_KEY], check[CHECK_LEN];
	const uint32_t kib = u32_get(head_numbers(v) + 4), operations = u32_get(head_numbers(v));
	int err;

	if (memcmp(v->head, MAGIC, MAGIC_LEN) != 0 ||
	    v->head[MAGIC_LEN] != (secret->key ? KIND_KEY : KIND_PASSPHRASE) ||
	    kib > VAULT_KIB_MAX || kib < 8 || operations < 1 || operations > 16)
		return EPROTO;
	err = key_make(v, secret, key, check);
	if (!err && sodium_memcmp(check, head_check(v), CHECK_LEN) != 0)
		err = EACCES;
	if (!err && crypto_secretstream_xchacha20poly1305_init_pull(&v->state, head_stream(v), key))
		err = EBADMSG;
	sodium_memzero(key, sizeof(key));
	return err;
}

int vault_open(struct vault **vp, const char *path, const struct vault_secret *secret)
{
	struct vault *v = calloc(1, sizeof(*v));
	int err = v && sodium_init() >= 0 ? 0 : ENOMEM;

	if (!err) {
		v->f = fopen(path, "rbe");
		err = v->f ? 0 : errno;
	}
	if (!err)
		err = bytes_read(v, v->head, HEAD_LEN);
	if (!err)
		err = head_read(v, secret);
	if (err) {
		vault_close(v);
		return err;
	}
	v->first = true;
	*vp = v;
	return 0;
}

static int chunk_read(struct vault *v)
{
	unsigned char length[4], tag = 0;
	unsigned long long n = 0;
	uint32_t size;
	int err = v->final ? ENODATA : bytes_read(v, length, sizeof(length));

	if (err)
		return err;
	size = u32_get(length);
	if (size < OVER || size > sizeof(v->cipher))
		return EBADMSG;
	err = bytes_read(v, v->cipher, size);
	if (err)
		return err;
	if (crypto_secretstream_xchacha20poly1305_pull(&v->state, v->plain, &n, &tag, v->cipher,
						       size, v->first ? v->head : NULL,
						       v->first ? HEAD_LEN : 0))
		return EBADMSG;
	v->first = false;
	v->final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	v->have = (size_t)n;
	v->taken = 0;
	return 0;
}

int vault_get(struct vault *v, void *bytes, size_t n)
{
	unsigned char *to = bytes;
	int err = 0;

	while (n > 0 && !err) {
		size_t some = v->have - v->taken < n ? v->have - v->taken : n;

		memcpy(to, v->plain + v->taken, some);
		v->taken += some;
		to += some;
		n -= some;
		if (n > 0)
			err = chunk_read(v);
	}
	return err;
}

int vault_end(struct vault *v)
{
	int err = 0;

	while (!v->final && !err && v->taken == v->have)
		err = chunk_read(v);
	if (!err && (v->taken != v->have || fgetc(v->f) != EOF))
		err = EBADMSG;
	return err;
}

uint64_t vault_at(const struct vault *v)
{
	return v->at;
}

void vault_close(struct vault *v)
{
	if (!v)
		return;
	if (v->f)
		fclose(v->f);
	if (v->part)
		unlink(v->part);
	free(v->path);
	free(v->part);
	sodium_memzero(v, sizeof(*v));
	free(v);
}
