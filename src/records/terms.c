/*
 * The words by which a call is found: its names and numbers. Each stands once in `terms`, under an
 * id made from the text itself, so that writing one needs no answer from the database; its grams
 * (two characters that follow one another) lead to it, and `call_terms` from it to its calls. The
 * table of grams grows with the names there are, not with the calls.
 *
 * Terms are lower case (ASCII: other scripts that have cases are found as they were written).
 */
#include <string.h>

#include "base/hash.h"
#include "records/priv.h"

#define GRAM_SHIFT 21 /* bits of a character: U+10FFFF */

static const struct store_statement sql_term = {
    "records_term", "INSERT INTO terms (org, id, term, tail) VALUES ($1, $2, $3, $4)"
		    " ON CONFLICT (org, id) DO NOTHING"};
static const struct store_statement sql_gram = {
    "records_gram", "INSERT INTO term_grams (org, gram, term) VALUES ($1, $2, $3)"
		    " ON CONFLICT (org, gram, term) DO NOTHING"};
static const struct store_statement sql_call_term = {
    "records_call_term",
    "INSERT INTO call_terms (org, term, started_ms, call_no) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (org, term, started_ms, call_no) DO NOTHING"};

void records_term_lower(char *dst, size_t cap, const char *text)
{
	text_copy(dst, cap, text);
	for (; *dst; dst++) {
		if (*dst >= 'A' && *dst <= 'Z')
			*dst = (char)(*dst - 'A' + 'a');
	}
}

int64_t records_term_id(uint32_t org, const char *term)
{
	return (int64_t)((hash_bytes(term, strlen(term)) ^ hash_mix(org)) & INT64_MAX);
}

/* One character of valid UTF-8. */
static uint32_t character(const char **p)
{
	const unsigned char *u = (const unsigned char *)*p;
	unsigned more = u[0] < 0xc0 ? 0 : u[0] < 0xe0 ? 1 : u[0] < 0xf0 ? 2 : 3;
	uint32_t c = more ? u[0] & (0x3fu >> more) : u[0];

	(*p)++;
	for (; more > 0 && (**p & 0xc0) == 0x80; more--)
		c = c << 6 | (unsigned char)(*(*p)++ & 0x3f);
	return c;
}

int64_t records_gram_next(const char **p)
{
	int64_t first = character(p);
	const char *second = *p;

	return first << GRAM_SHIFT | (*second ? character(&second) : 0);
}

static int write_grams(struct store *s, uint32_t org, int64_t id, const char *term)
{
	const char *p = term;
	int err = 0;

	while (*p && !err) {
		const struct store_value v[] = {STORE_I(org), STORE_I(records_gram_next(&p)),
						STORE_I(id)};

		err = store_queue(s, &sql_gram, v, 3);
	}
	return err;
}

static int write_term(struct store *s, struct terms_seen *seen, uint32_t org, int64_t id,
		      const char *term)
{
	uint64_t *slot = seen ? &seen->id[(uint64_t)id % RECORDS_TERMS_SEEN] : NULL;
	char tail[RECORDS_NUMBER];
	int err;

	if (slot && *slot == (uint64_t)id)
		return 0;
	records_number_tail(tail, sizeof(tail), term);
	const struct store_value v[] = {STORE_I(org), STORE_I(id), STORE_S(term), STORE_S(tail)};

	err = store_queue(s, &sql_term, v, 4);
	if (!err)
		err = write_grams(s, org, id, term);
	if (!err && slot)
		*slot = (uint64_t)id;
	return err;
}

int records_write_terms(struct store *s, struct terms_seen *seen, const struct records_call *c,
			unsigned which)
{
	const struct {
		const char *text;
		unsigned of;
	} texts[] = {
	    {c->caller_number, RECORDS_TERMS_CALLER}, {c->caller_name, RECORDS_TERMS_CALLER},
	    {c->dialled, RECORDS_TERMS_CALLER},	      {c->chosen, RECORDS_TERMS_TARGET},
	    {c->target_name, RECORDS_TERMS_TARGET},
	};
	char term[RECORDS_NAME];
	int err = 0;

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]) && !err; i++) {
		int64_t id;

		if (!(texts[i].of & which) || !texts[i].text[0])
			continue;
		records_term_lower(term, sizeof(term), texts[i].text);
		id = records_term_id(c->org, term);
		err = write_term(s, seen, c->org, id, term);
		const struct store_value v[] = {STORE_I(c->org), STORE_I(id),
						STORE_I(c->started_ms), STORE_I(c->call_no)};

		if (!err)
			err = store_queue(s, &sql_call_term, v, 4);
	}
	return err;
}
