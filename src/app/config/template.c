#include "app/config/template.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 32

int template_set(struct template_values *v, const char *name, const char *value,
		 enum template_escape escape)
{
	if (v->count == TEMPLATE_PLACES)
		return ENOBUFS;
	v->list[v->count++] = (struct template_value){name, value, escape};
	return 0;
}

static const struct template_value *find(const struct template_values *v, const char *name,
					 size_t len)
{
	for (size_t i = 0; i < v->count; i++)
		if (strlen(v->list[i].name) == len && memcmp(v->list[i].name, name, len) == 0)
			return &v->list[i];
	return NULL;
}

static void put(FILE *to, const struct template_value *v)
{
	for (const char *p = v->value; *p; p++) {
		if (v->escape == TEMPLATE_YAML && (*p == '"' || *p == '\\'))
			fputc('\\', to);
		if (v->escape == TEMPLATE_CSV && *p == '"')
			fputc('"', to);
		fputc(*p, to);
	}
}

/* "@name@": the length of the name, 0 when no place begins here. */
static size_t place_at(const char *p)
{
	size_t n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_0123456789");

	return *p == '@' && n && n < NAME_MAX_BYTES && p[1 + n] == '@' ? n : 0;
}

static int fill(const char *text, const struct template_values *v, FILE *to)
{
	for (const char *p = text; *p; p++) {
		size_t n = place_at(p);
		const struct template_value *value = n ? find(v, p + 1, n) : NULL;

		if (n && !value)
			return ENOENT;
		if (!n) {
			fputc(*p, to);
			continue;
		}
		put(to, value);
		p += n + 1;
	}
	return 0;
}

int template_fill(const char *path, const struct template_values *v, char **out)
{
	char *text = calloc(1, TEMPLATE_BYTES + 1), *filled = NULL;
	FILE *from = fopen(path, "re"), *to = NULL;
	size_t len = 0, n;
	int err = 0;

	if (!from || !text) {
		err = from ? ENOMEM : errno;
		goto out;
	}
	n = fread(text, 1, TEMPLATE_BYTES + 1, from);
	if (n > TEMPLATE_BYTES) {
		err = EFBIG;
		goto out;
	}
	to = open_memstream(&filled, &len);
	if (!to) {
		err = ENOMEM;
		goto out;
	}
	err = fill(text, v, to);
	if (fclose(to) && !err)
		err = ENOMEM;
	if (!err) {
		*out = filled;
		filled = NULL;
	}
out:
	if (from)
		fclose(from);
	free(text);
	free(filled);
	return err;
}
