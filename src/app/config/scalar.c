#include "app/config/scalar.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/config/errors.h"
#include "base/text.h"

/* What came of a value: which text tells about it. */
enum verdict { RIGHT, WRONG_FORM, TOO_LONG, OUT_OF_RANGE };

struct read {
	const struct walk *w;
	const struct schema_field *f;
	void *to;
};

static bool only(const char *s, const char *allowed)
{
	return s[strspn(s, allowed)] == '\0';
}

static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80;
	return n;
}

static enum verdict put_text(const struct read *r, const char *s)
{
	if (strlen(s) >= r->f->size)
		return TOO_LONG;
	if ((r->f->min && characters(s) < (size_t)r->f->min) ||
	    (r->f->max && characters(s) > (size_t)r->f->max))
		return OUT_OF_RANGE;
	text_copy(r->to, r->f->size, s);
	return RIGHT;
}

static enum verdict read_text(const struct read *r, const char *s)
{
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7F)
			return WRONG_FORM;
	return put_text(r, s);
}

static enum verdict read_id(const struct read *r, const char *s)
{
	if (!*s || !only(s, "abcdefghijklmnopqrstuvwxyz0123456789-_"))
		return WRONG_FORM;
	return put_text(r, s);
}

static enum verdict read_digits(const struct read *r, const char *s)
{
	return only(s, "0123456789") ? put_text(r, s) : WRONG_FORM;
}

static enum verdict read_dial(const struct read *r, const char *s)
{
	return only(s, "0123456789*#") ? put_text(r, s) : WRONG_FORM;
}

static enum verdict read_number(const struct read *r, const char *s)
{
	return only(s + (*s == '+'), "0123456789") ? put_text(r, s) : WRONG_FORM;
}

/* "mou3 cheng2": syllables of letters and a tone from 1 to 5. */
static enum verdict read_reading(const struct read *r, const char *s)
{
	const char *p = s;

	while (*p) {
		size_t letters = strspn(p, "abcdefghijklmnopqrstuvwxyz");

		if (!letters || p[letters] < '1' || p[letters] > '5')
			return WRONG_FORM;
		p += letters + 1;
		if (*p == ' ' && p[1])
			p++;
		else if (*p)
			return WRONG_FORM;
	}
	return put_text(r, s);
}

bool scalar_is_address(const char *s)
{
	struct in6_addr a;

	return inet_pton(AF_INET, s, &a) == 1 || inet_pton(AF_INET6, s, &a) == 1;
}

bool scalar_is_concrete(const char *s)
{
	struct in6_addr a;

	if (inet_pton(AF_INET, s, &a) == 1)
		return a.s6_addr[0] != 0 && a.s6_addr[0] < 224;
	return inet_pton(AF_INET6, s, &a) == 1 && !IN6_IS_ADDR_UNSPECIFIED(&a) &&
	       !IN6_IS_ADDR_MULTICAST(&a);
}

static enum verdict read_address(const struct read *r, const char *s)
{
	if (!scalar_is_address(s))
		return WRONG_FORM;
	if ((r->f->flags & SCHEMA_CONCRETE) && !scalar_is_concrete(s))
		return WRONG_FORM;
	return put_text(r, s);
}

/* host, host:port, [v6]:port */
static enum verdict read_host(const struct read *r, const char *s)
{
	const char *end = s, *port = NULL;

	if (*s == '[') {
		char v6[46];

		end = strchr(s, ']');
		if (!end || (size_t)(end - s) > sizeof(v6))
			return WRONG_FORM;
		text_copy_n(v6, sizeof(v6), s + 1, (size_t)(end - s) - 1);
		if (!scalar_is_address(v6))
			return WRONG_FORM;
		end++;
	} else {
		end +=
		    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
		if (end == s && !*end)
			return WRONG_FORM;
	}
	if (*end == ':')
		port = end + 1;
	else if (*end)
		return WRONG_FORM;
	if (port && (!*port || strlen(port) > 5 || !only(port, "0123456789") || atoi(port) == 0 ||
		     atoi(port) > 65535))
		return WRONG_FORM;
	return put_text(r, s);
}

static enum verdict read_path(const struct read *r, const char *s)
{
	char path[CONFIG_PATH];

	memset(path, 0, sizeof(path));
	if (!*s)
		return WRONG_FORM;
	if (*s != '/')
		text_copy(path, sizeof(path), r->w->doc->dir);
	if (text_append(path, sizeof(path), "%s", s))
		return TOO_LONG;
	return put_text(r, path);
}

/* The file is there, readable, and its first line is a secret that fits. */
static enum verdict read_secret_file(const struct read *r, const char *s)
{
	char path[CONFIG_PATH], line[CONFIG_SECRET + 2] = "";
	struct read at = {r->w, &(const struct schema_field){.size = sizeof(path)}, path};
	enum verdict v = read_path(&at, s);
	FILE *f;

	if (v != RIGHT)
		return v;
	f = fopen(path, "re");
	if (!f)
		return WRONG_FORM;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	v = line[0] && strlen(line) < r->f->size ? read_text(r, line) : WRONG_FORM;
	explicit_bzero(line, sizeof(line));
	return v;
}

static enum verdict put_integer(const struct read *r, int64_t v)
{
	if (v < r->f->min || v > r->f->max)
		return OUT_OF_RANGE;
	switch (r->f->size) {
	case 1:
		*(uint8_t *)r->to = (uint8_t)v;
		break;
	case 2:
		*(uint16_t *)r->to = (uint16_t)v;
		break;
	default:
		*(uint32_t *)r->to = (uint32_t)v;
	}
	return RIGHT;
}

static enum verdict read_integer(const struct read *r, const char *s)
{
	if (!*s || !only(s, "0123456789"))
		return WRONG_FORM;
	if (strlen(s) > 10)
		return OUT_OF_RANGE;
	return put_integer(r, strtoll(s, NULL, 10));
}

int schema_duration(const char *text, int64_t *ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 9)
		return EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (text_eq(text + n, units[i].unit)) {
			*ms = strtoll(text, NULL, 10) * units[i].ms;
			return 0;
		}
	return EINVAL;
}

void schema_duration_text(int64_t ms, char *out, size_t cap)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (ms && ms % units[i].ms == 0) {
			snprintf(out, cap, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
			return;
		}
	snprintf(out, cap, ms ? "%lldms" : "%llds", (long long)ms);
}

static int64_t unit_of(enum schema_type t)
{
	return t == SCHEMA_MS ? 1 : t == SCHEMA_SECONDS ? 1000 : 60000;
}

static enum verdict read_duration(const struct read *r, const char *s)
{
	int64_t ms, unit = unit_of(r->f->type);

	if (schema_duration(s, &ms) || ms % unit)
		return WRONG_FORM;
	return put_integer(r, ms / unit);
}

static enum verdict read_bool(const struct read *r, const char *s)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	for (size_t i = 0; i < 6; i++)
		if (text_eq(s, words[i])) {
			*(bool *)r->to = i & 1;
			return RIGHT;
		}
	return WRONG_FORM;
}

static enum verdict read_word(const struct read *r, const char *s)
{
	for (unsigned i = 0; r->f->words[i]; i++)
		if (r->f->words[i][0] && text_eq(s, r->f->words[i])) {
			if (r->f->size == 1)
				*(uint8_t *)r->to = (uint8_t)i;
			else
				memcpy(r->to, &i, sizeof(i));
			return RIGHT;
		}
	return WRONG_FORM;
}

static enum verdict read_chosen_text(const struct read *r, const char *s)
{
	for (unsigned i = 0; r->f->words && r->f->words[i]; i++)
		if (text_eq(s, r->f->words[i]))
			return put_text(r, s);
	return r->f->words ? WRONG_FORM : read_text(r, s);
}

static const struct {
	enum verdict (*read)(const struct read *r, const char *s);
	const char *name, *expect;
} rows[SCHEMA_TYPE_COUNT] = {
    [SCHEMA_TEXT] = {read_chosen_text, "text", "config.expect.text"},
    [SCHEMA_SECRET] = {read_text, "text", "config.expect.text"},
    [SCHEMA_ID] = {read_id, "name", "config.expect.id"},
    [SCHEMA_DIGITS] = {read_digits, "digits", "config.expect.digits"},
    [SCHEMA_DIAL] = {read_dial, "digits, * and #", "config.expect.dial"},
    [SCHEMA_NUMBER] = {read_number, "number", "config.expect.number"},
    [SCHEMA_READING] = {read_reading, "numbered pinyin", "config.expect.reading"},
    [SCHEMA_ADDRESS] = {read_address, "IP address", "config.expect.address"},
    [SCHEMA_HOST] = {read_host, "host or host:port", "config.expect.host"},
    [SCHEMA_PATH] = {read_path, "path", "config.expect.path"},
    [SCHEMA_SECRET_FILE] = {read_secret_file, "path", "config.expect.secret_file"},
    [SCHEMA_INTEGER] = {read_integer, "whole number", "config.expect.integer"},
    [SCHEMA_MS] = {read_duration, "time", "config.expect.duration"},
    [SCHEMA_SECONDS] = {read_duration, "time", "config.expect.duration"},
    [SCHEMA_MINUTES] = {read_duration, "time", "config.expect.duration"},
    [SCHEMA_BOOL] = {read_bool, "true or false", "config.expect.bool"},
    [SCHEMA_WORD] = {read_word, "word", "config.expect.one_of"},
    [SCHEMA_BITS] = {NULL, "list of words", "config.expect.list"},
    [SCHEMA_LIST] = {NULL, "list", "config.expect.list"},
    [SCHEMA_TABLE] = {NULL, "list", "config.expect.list"},
    [SCHEMA_SECTION] = {NULL, "section", "config.expect.map"},
    [SCHEMA_OWN] = {NULL, "", "config.expect.map"},
};

const char *scalar_expect(enum schema_type t)
{
	return rows[t].expect;
}

const char *scalar_name(enum schema_type t)
{
	return rows[t].name;
}

static void expect(struct config_error *e, const struct schema_field *f)
{
	TEXT_COPY(e->expect, rows[f->type].expect);
	if (f->words) {
		TEXT_COPY(e->expect, "config.expect.one_of");
		for (unsigned i = 0, n = 0; f->words[i]; i++)
			if (f->words[i][0])
				text_append(e->a, sizeof(e->a), "%s%s", n++ ? ", " : "",
					    f->words[i]);
		return;
	}
	if (f->flags & SCHEMA_CONCRETE)
		TEXT_COPY(e->expect, "config.expect.concrete");
	if (f->type == SCHEMA_MS || f->type == SCHEMA_SECONDS || f->type == SCHEMA_MINUTES) {
		schema_duration_text(f->min * unit_of(f->type), e->a, sizeof(e->a));
		schema_duration_text(f->max * unit_of(f->type), e->b, sizeof(e->b));
	} else if (f->type == SCHEMA_INTEGER) {
		snprintf(e->a, sizeof(e->a), "%lld", (long long)f->min);
		snprintf(e->b, sizeof(e->b), "%lld", (long long)f->max);
	}
}

/* A near word, or the half-width form when that would have been right. */
static void suggest(struct config_error *e, const struct read *r, const char *s)
{
	char plain[64], scratch[CONFIG_PATH];
	struct read again = {r->w, r->f, scratch};
	const char *near = NULL;
	size_t n = 0;

	if (r->f->type == SCHEMA_SECRET || r->f->type == SCHEMA_SECRET_FILE)
		return;
	if (errors_half_width(s, plain, sizeof(plain)) && r->f->size <= sizeof(scratch) &&
	    rows[r->f->type].read(&again, plain) == RIGHT) {
		TEXT_COPY(e->suggestion, plain);
		return;
	}
	while (r->f->words && r->f->words[n])
		n++;
	if (n)
		near = errors_nearest(s, r->f->words, n);
	if (near)
		TEXT_COPY(e->suggestion, near);
}

bool scalar_read(struct walk *w, const struct schema_field *f, const struct item *it, void *to)
{
	struct read r = {w, f, to};
	enum verdict v = rows[f->type].read(&r, it->text);
	struct config_error *e;

	if (v == RIGHT)
		return true;
	e = walk_error(w, it,
		       v == WRONG_FORM ? "config.wrong_value"
		       : v == TOO_LONG ? "config.too_long"
				       : "config.out_of_range");
	if (f->type == SCHEMA_SECRET)
		TEXT_COPY(e->found, "***");
	if (v == TOO_LONG)
		snprintf(e->a, sizeof(e->a), "%zu", f->size - 1);
	else if (v == OUT_OF_RANGE && f->type <= SCHEMA_PATH)
		snprintf(e->a, sizeof(e->a), "%lld", (long long)f->min),
		    snprintf(e->b, sizeof(e->b), "%zu", f->max ? (size_t)f->max : f->size - 1),
		    TEXT_COPY(e->key, "config.wrong_length");
	else
		expect(e, f);
	suggest(e, &r, it->text);
	return false;
}
