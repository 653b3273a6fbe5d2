#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "http/room.h"

static int hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -1;
}

/* Decodes n bytes; `plus` is a space in a query. */
static int decode(const char *in, size_t n, bool plus, char *out, size_t cap)
{
	size_t len = 0;

	if (cap == 0) /* pairs have used up the query's room to the last byte */
		return ENAMETOOLONG;
	for (size_t i = 0; i < n; i++) {
		unsigned char ch = (unsigned char)in[i];

		if (ch == '%') {
			int hi = n - i > 2 ? hex_digit(in[i + 1]) : -1;
			int lo = n - i > 2 ? hex_digit(in[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return EINVAL;
			ch = (unsigned char)(hi << 4 | lo);
			i += 2;
		} else if (plus && ch == '+') {
			ch = ' ';
		}
		if (ch < 0x20 || ch == 0x7f)
			return EINVAL;
		if (len + 1 >= cap)
			return ENAMETOOLONG;
		out[len++] = (char)ch;
	}
	out[len] = '\0';
	return text_utf8_valid(out, len) ? 0 : EINVAL;
}

static bool climbs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/.")); p++) {
		const char *end = p + 2 + strspn(p + 2, ".");

		if (end - p <= 3 && (*end == '/' || *end == '\0'))
			return true;
	}
	return strstr(path, "//") || strchr(path, '\\');
}

static int parse_query(const char *raw, struct http_uri *u)
{
	size_t used = 0;

	while (raw && *raw) {
		size_t len = strcspn(raw, "&");
		size_t name_len = strcspn(raw, "=&");
		char *name = u->query + used, *value;
		int err;

		if (len > 0) {
			if (u->pair_count == HTTP_QUERIES)
				return ENAMETOOLONG;
			err = decode(raw, name_len, true, name, sizeof(u->query) - used);
			if (err)
				return err;
			used += strlen(name) + 1;
			value = u->query + used;
			err = decode(raw + name_len + (name_len < len),
				     len - name_len - (name_len < len), true, value,
				     sizeof(u->query) - used);
			if (err)
				return err;
			used += strlen(value) + 1;
			u->pair[u->pair_count++] = (struct http_pair){name, value};
		}
		raw += len;
		raw += *raw == '&';
	}
	return 0;
}

int http_uri_parse(const char *raw, struct http_uri *out)
{
	size_t path_len = strcspn(raw, "?#");
	int err;

	if (raw[0] != '/')
		return EINVAL;
	err = decode(raw, path_len, false, out->path, sizeof(out->path));
	if (err)
		return err;
	if (climbs(out->path))
		return EINVAL;
	return parse_query(raw[path_len] == '?' ? raw + path_len + 1 : NULL, out);
}

static bool keep_text(const char *from, size_t n, char *text, size_t cap, size_t *used,
		      const char **out)
{
	if (*used + n + 1 > cap)
		return false;
	memcpy(text + *used, from, n);
	text[*used + n] = '\0';
	*out = text + *used;
	*used += n + 1;
	return true;
}

bool http_uri_match(const char *pattern, const char *path, struct http_pair param[HTTP_PARAMS],
		    unsigned *count, char *text, size_t text_cap)
{
	size_t used = 0;
	unsigned n = 0;

	for (;;) {
		size_t pattern_len = strcspn(pattern, "/"), path_len = strcspn(path, "/");

		if (pattern[0] == '{') {
			if (!path_len || n == HTTP_PARAMS ||
			    !keep_text(pattern + 1, pattern_len - 2, text, text_cap, &used,
				       &param[n].name) ||
			    !keep_text(path, path_len, text, text_cap, &used, &param[n].value))
				return false;
			n++;
		} else if (pattern_len != path_len || memcmp(pattern, path, path_len) != 0) {
			return false;
		}
		pattern += pattern_len;
		path += path_len;
		if (!*pattern || !*path)
			break;
		pattern++;
		path++;
	}
	if (*pattern || *path)
		return false;
	*count = n;
	return true;
}

/* A tag or its beginning, as RFC 4647, 3.3.1 matches it. */
static bool tag_begins(const char *tag, const char *range)
{
	size_t n = strlen(range);

	return strncasecmp(tag, range, n) == 0 && (tag[n] == '\0' || tag[n] == '-');
}

/* One range of the header: its language, and its weight in thousandths. */
static bool range_language(const char *range, size_t len, enum lang *out, int *weight)
{
	static const struct {
		const char *tag;
		enum lang lang;
	} known[] = {
	    {"zh-Hant", LANG_ZH_TW}, {"zh-TW", LANG_ZH_TW}, {"zh-HK", LANG_ZH_TW},
	    {"zh-MO", LANG_ZH_TW},   {"zh", LANG_ZH_CN},    {"en", LANG_EN},
	};
	const char *semi = memchr(range, ';', len);
	size_t tag_len = semi ? (size_t)(semi - range) : len;
	const char *q = semi ? memchr(semi, '=', len - tag_len) : NULL;
	char tag[32];
	double value;

	while (tag_len > 0 && range[tag_len - 1] == ' ')
		tag_len--;
	if (tag_len >= sizeof(tag))
		return false;
	text_copy_n(tag, sizeof(tag), range, tag_len);
	value = q ? strtod(q + 1, NULL) : 1;
	*weight = value >= 0 && value <= 1 ? (int)(value * 1000) : 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!tag_begins(tag, known[i].tag))
			continue;
		*out = known[i].lang;
		return true;
	}
	return false;
}

enum lang http_uri_language(const char *header)
{
	enum lang best = LANG_ZH_CN;
	int best_weight = 0;

	while (header && *header) {
		size_t len = strcspn(header, ",");
		const char *range = header;
		size_t skipped = strspn(range, " ");
		enum lang lang;
		int weight;

		if (skipped < len &&
		    range_language(range + skipped, len - skipped, &lang, &weight) &&
		    weight > best_weight) {
			best = lang;
			best_weight = weight;
		}
		header += len;
		header += *header == ',';
	}
	return best;
}
