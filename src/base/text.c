#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static size_t utf8_floor(const char *s, size_t n)
{
	while (n > 0 && ((unsigned char)s[n] & 0xC0) == 0x80)
		n--;
	return n;
}

int text_copy_n(char *dst, size_t cap, const char *src, size_t src_len)
{
	size_t n = src_len;
	int err = 0;

	if (n >= cap) {
		n = utf8_floor(src, cap - 1);
		err = EOVERFLOW;
	}
	if (n)
		memmove(dst, src, n);
	memset(dst + n, 0, cap - n);
	return err;
}

int text_copy(char *dst, size_t cap, const char *src)
{
	return src ? text_copy_n(dst, cap, src, strlen(src)) : text_copy_n(dst, cap, "", 0);
}

int text_append(char *dst, size_t cap, const char *fmt, ...)
{
	size_t have = strnlen(dst, cap);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(dst + have, cap - have, fmt, ap);
	va_end(ap);
	if (n < 0)
		return EINVAL;
	if ((size_t)n < cap - have)
		return 0;
	if (cap - have > 1) { /* vsnprintf may have cut a character in two */
		size_t end = cap - 1, start = end;

		while (start > have && ((unsigned char)dst[start - 1] & 0xC0) == 0x80)
			start--;
		if (start > have && ((unsigned char)dst[start - 1] & 0x80) &&
		    !text_utf8_valid(dst + start - 1, end - start + 1))
			dst[start - 1] = '\0';
	}
	return EOVERFLOW;
}

bool text_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Well-formed sequences by their first bytes (RFC 3629, section 4). */
static const struct {
	unsigned char first_lo, first_hi, second_lo, second_hi, length;
} utf8_forms[] = {
	{0x01, 0x7F, 0, 0, 1},	     {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
	{0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
	{0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

/* The length of a valid sequence at p, 0 when there is none. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
	for (size_t i = 0; i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++) {
		size_t n = utf8_forms[i].length;

		if (p[0] < utf8_forms[i].first_lo || p[0] > utf8_forms[i].first_hi)
			continue;
		if (n > left)
			return 0;
		if (n > 1 && (p[1] < utf8_forms[i].second_lo || p[1] > utf8_forms[i].second_hi))
			return 0;
		for (size_t k = 2; k < n; k++)
			if ((p[k] & 0xC0) != 0x80)
				return 0;
		return n;
	}
	return 0;
}

bool text_utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	while (len > 0) {
		size_t n = utf8_sequence(p, len);

		if (n == 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}

bool text_is_dialable(const char *s, size_t max)
{
	size_t n = strspn(s, "0123456789*#");

	return n > 0 && n <= max && s[n] == '\0';
}

unsigned text_distance(const char *a, const char *b, unsigned limit)
{
	enum { LONGEST = 63 };
	size_t la = strlen(a), lb = strlen(b);
	unsigned row[LONGEST + 1];

	if (la > LONGEST || lb > LONGEST)
		return limit + 1;
	for (size_t j = 0; j <= lb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= la; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb] > limit ? limit + 1 : row[lb];
}
