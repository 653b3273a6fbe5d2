#include "records/backup_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int backup_bytes_room(struct backup_bytes *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 4096;
	unsigned char *at;

	while (cap < b->len + more)
		cap *= 2;
	if (cap > BACKUP_ITEM_MAX)
		return E2BIG;
	if (cap == b->cap)
		return 0;
	at = realloc(b->at, cap);
	if (!at)
		return ENOMEM;
	b->at = at;
	b->cap = cap;
	return 0;
}

static void number_put(struct backup_bytes *b, uint64_t n, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		b->at[b->len++] = (unsigned char)(n >> (8 * i));
}

static uint64_t number_get(const unsigned char *at, unsigned bytes)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < bytes; i++)
		n |= (uint64_t)at[i] << (8 * i);
	return n;
}

int backup_row_pack(struct backup_bytes *b, const struct copy_table *t,
		    const struct store_value *values)
{
	int err = 0;

	b->len = 0;
	for (unsigned i = 0; i < t->count && !err; i++) {
		const struct store_value *v = &values[i];
		size_t len = v->type == STORE_TEXT ? strlen(v->s) + 1 : 0;

		err = backup_bytes_room(b, 9 + len);
		if (err)
			break;
		switch (v->type) {
		case STORE_NULL:
			b->at[b->len++] = 'n';
			break;
		case STORE_INT:
			b->at[b->len++] = 'i';
			number_put(b, (uint64_t)v->i, 8);
			break;
		case STORE_TEXT:
			b->at[b->len++] = 't';
			number_put(b, len, 4);
			memcpy(b->at + b->len, v->s, len);
			b->len += len;
			break;
		}
	}
	return err;
}

/* One value; how many bytes it has, 0 when it isn't one. */
static size_t value_get(const unsigned char *at, size_t left, struct store_value *v)
{
	size_t len;

	if (left >= 1 && at[0] == 'n') {
		*v = (struct store_value){STORE_NULL, 0, NULL};
		return 1;
	}
	if (left >= 9 && at[0] == 'i') {
		*v = STORE_I(number_get(at + 1, 8));
		return 9;
	}
	if (left < 6 || at[0] != 't')
		return 0;
	len = (size_t)number_get(at + 1, 4);
	if (len < 1 || len > left - 5 || at[5 + len - 1] != '\0')
		return 0;
	*v = STORE_S((const char *)at + 5);
	return 5 + len;
}

int backup_row_unpack(const unsigned char *at, size_t len, unsigned count,
		      struct store_value *values)
{
	for (unsigned i = 0; i < count; i++) {
		size_t n = value_get(at, len, &values[i]);

		if (n == 0)
			return EBADMSG;
		at += n;
		len -= n;
	}
	return len > 0 ? EBADMSG : 0;
}

bool backup_path_plain(const char *path)
{
	const char *part = path;

	if (strlen(path) >= BACKUP_PATH)
		return false;
	while (part) {
		size_t n = strcspn(part, "/");

		if (n == 0 || (n <= 2 && strspn(part, ".") == n))
			return false;
		part = part[n] ? part + n + 1 : NULL;
	}
	return true;
}
