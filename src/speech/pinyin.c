#include "speech/pinyin.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "base/text.h"

enum {
	TEXT_UNITS = 512, /* UTF-16 units of a text */
	WORD_UNITS = 8,	  /* of an override, and of one character's syllable */
};

/* Where an override holds. */
enum place { PLACE_SURNAME, PLACE_GIVEN, PLACE_WORD };

/* text is in simplified characters; one syllable for each of them. */
static const struct reading {
	enum place place;
	const char *text, *syllables;
} overrides[] = {
#define SURNAME(text, syllables) {PLACE_SURNAME, text, syllables},
#define GIVEN(text, syllables)	 {PLACE_GIVEN, text, syllables},
#define WORD(text, syllables)	 {PLACE_WORD, text, syllables},
#include "speech/pinyin.def"
#undef SURNAME
#undef GIVEN
#undef WORD
};
enum { OVERRIDES = sizeof(overrides) / sizeof(overrides[0]) };

/* The overrides in UTF-16, decoded once. */
static struct {
	UChar v[WORD_UNITS];
	int32_t n;
} override_text[OVERRIDES];
static pthread_once_t override_once = PTHREAD_ONCE_INIT;

/* One of each a thread: they keep state while they work. */
enum trans_kind { TRANS_PLAIN, TRANS_NAMES, TRANS_SIMPLIFY, TRANS_COUNT };
struct trans {
	UTransliterator *of[TRANS_COUNT];
};
static pthread_key_t trans_key;

static void trans_close(void *p)
{
	struct trans *t = p;

	for (int i = 0; i < TRANS_COUNT; i++)
		if (t->of[i])
			utrans_close(t->of[i]);
	free(t);
}

static void overrides_decode(void)
{
	pthread_key_create(&trans_key, trans_close);
	for (size_t i = 0; i < OVERRIDES; i++) {
		UErrorCode e = U_ZERO_ERROR;

		u_strFromUTF8(override_text[i].v, WORD_UNITS, &override_text[i].n,
			      overrides[i].text, -1, &e);
		if (U_FAILURE(e))
			override_text[i].n = 0;
	}
}

static int trans_get(struct trans **tp)
{
	static const char *const ids[TRANS_COUNT] = {"Han-Latin; Latin-NumericPinyin; Lower",
						     "Han-Latin/Names; Latin-NumericPinyin; Lower",
						     "Traditional-Simplified"};
	struct trans *t = pthread_getspecific(trans_key);

	if (t) {
		*tp = t;
		return 0;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return ENOMEM;
	for (int i = 0; i < TRANS_COUNT; i++) {
		UErrorCode e = U_ZERO_ERROR;
		UChar id[64];

		u_uastrcpy(id, ids[i]);
		t->of[i] = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &e);
		if (U_FAILURE(e)) {
			trans_close(t);
			return ENOSYS;
		}
	}
	pthread_setspecific(trans_key, t);
	*tp = t;
	return 0;
}

static bool is_han(UChar32 c)
{
	UErrorCode e = U_ZERO_ERROR;

	return c == 0x3007 || (c >= 0x2E80 && uscript_getScript(c, &e) == USCRIPT_HAN &&
			       u_charType(c) == U_OTHER_LETTER);
}

static int decode(const char *text, UChar *out, int32_t *n)
{
	UErrorCode e = U_ZERO_ERROR;

	if (!*text || !text_utf8_valid(text, strlen(text)))
		return EINVAL;
	u_strFromUTF8(out, TEXT_UNITS, n, text, -1, &e);
	if (e == U_BUFFER_OVERFLOW_ERROR || (U_SUCCESS(e) && *n >= TEXT_UNITS))
		return EOVERFLOW;
	return U_FAILURE(e) ? EINVAL : 0;
}

bool speech_has_han(const char *text)
{
	UChar u[TEXT_UNITS];
	int32_t n, i = 0;

	if (decode(text, u, &n))
		return false;
	while (i < n) {
		UChar32 c;

		U16_NEXT(u, i, n, c);
		if (is_han(c))
			return true;
	}
	return false;
}

/* What is being read. */
struct work {
	struct trans *trans;
	UChar text[TEXT_UNITS], simple[TEXT_UNITS]; /* of one length */
	int32_t n;
	enum pinyin_kind kind;
	char *out;
	size_t cap;
	int err;
};

static void append(struct work *w, const char *sep, const char *s, size_t n)
{
	if (!w->err)
		w->err = text_append(w->out, w->cap, "%s%.*s", *w->out ? sep : "", (int)n, s);
}

/* The simplified form, for looking up only; a text that changes its length is looked up as it is.
 */
static void simplify(struct work *w)
{
	int32_t n = w->n, limit = w->n;
	UErrorCode e = U_ZERO_ERROR;

	memcpy(w->simple, w->text, sizeof(w->text));
	utrans_transUChars(w->trans->of[TRANS_SIMPLIFY], w->simple, &n, TEXT_UNITS, 0, &limit, &e);
	if (U_FAILURE(e) || n != w->n)
		memcpy(w->simple, w->text, sizeof(w->text));
}

static bool place_fits(const struct work *w, enum place place, int32_t at)
{
	switch (place) {
	case PLACE_SURNAME:
		return w->kind == PINYIN_PERSON && at == 0;
	case PLACE_GIVEN:
		return w->kind == PINYIN_PERSON && at > 0;
	case PLACE_WORD:
		return w->kind == PINYIN_WORDS;
	}
	return false;
}

/* The longest override at this place, -1 when there is none. */
static int override_find(const struct work *w, int32_t at)
{
	int best = -1;
	int32_t best_n = 0;

	for (int i = 0; i < OVERRIDES; i++) {
		int32_t n = override_text[i].n;

		if (n <= best_n || n > w->n - at || override_text[i].v[0] != w->simple[at] ||
		    !place_fits(w, overrides[i].place, at) ||
		    u_memcmp(override_text[i].v, w->simple + at, n) != 0)
			continue;
		best = i;
		best_n = n;
	}
	return best;
}

/* ü as v, and the neutral tone as 5. */
static void syllable_append(struct work *w, const UChar *u, int32_t n)
{
	char s[32] = "";
	size_t len = 0;

	for (int32_t i = 0; i < n && len < sizeof(s) - 2; i++) {
		if (u[i] == 0xFC)
			s[len++] = 'v';
		else if (u[i] < 0x80 && isalnum((int)u[i]))
			s[len++] = (char)u[i];
	}
	if (len > 0 && !isdigit((unsigned char)s[len - 1]))
		s[len++] = '5';
	append(w, " ", s, len);
}

static void han_append(struct work *w, int32_t at, int32_t units)
{
	enum trans_kind k = w->kind == PINYIN_PERSON && at == 0 ? TRANS_NAMES : TRANS_PLAIN;
	UChar u[32];
	int32_t n = units, limit = units;
	UErrorCode e = U_ZERO_ERROR;

	memcpy(u, w->text + at, (size_t)units * sizeof(UChar));
	utrans_transUChars(w->trans->of[k], u, &n, 32, 0, &limit, &e);
	if (U_SUCCESS(e) && n > 0)
		syllable_append(w, u, n);
}

/* What isn't Han stays, punctuation is a pause; full-width forms become narrow ones by their code.
 */
static void other_append(struct work *w, UChar32 c, bool *in_word)
{
	char utf8[8];
	int32_t n = 0;
	UErrorCode e = U_ZERO_ERROR;
	UChar u[2];
	int32_t units = 0;
	bool word;

	if (c >= 0xFF01 && c <= 0xFF5E)
		c -= 0xFEE0;
	word = c < 0x80 ? u_isalnum(c) || strchr("-'.&+/", (int)c) : !u_isspace(c) && !u_ispunct(c);
	if (word) {
		U16_APPEND_UNSAFE(u, units, c);
		u_strToUTF8(utf8, sizeof(utf8), &n, u, units, &e);
		append(w, *in_word ? "" : " ", utf8, (size_t)n);
	} else if (u_ispunct(c) && *w->out && w->out[strlen(w->out) - 1] != ',') {
		append(w, "", ",", 1);
	}
	*in_word = word;
}

static int numbered(struct work *w)
{
	bool in_word = false;

	for (int32_t at = 0; at < w->n && !w->err;) {
		int o = override_find(w, at);
		int32_t next = at;
		UChar32 c;

		if (o >= 0) {
			append(w, " ", overrides[o].syllables, strlen(overrides[o].syllables));
			at += override_text[o].n;
			in_word = false;
			continue;
		}
		U16_NEXT(w->text, next, w->n, c);
		if (is_han(c)) {
			han_append(w, at, next - at);
			in_word = false;
		} else {
			other_append(w, c, &in_word);
		}
		at = next;
	}
	return w->err;
}

/* Letters and initials out of the numbered form: each run of letters and digits is a word, whose
 * last digit is a tone when letters stand before it. */
static int letters_fill(struct pinyin *p)
{
	int err = 0;

	for (const char *s = p->numbered; *s && !err;) {
		size_t n = 0, keep;
		char word[PINYIN_LETTERS];

		if (!isalnum((unsigned char)*s)) {
			s++;
			continue;
		}
		while (isalnum((unsigned char)s[n]) && n < sizeof(word) - 1) {
			word[n] = (char)tolower((unsigned char)s[n]);
			n++;
		}
		keep = n > 1 && isdigit((unsigned char)word[n - 1]) &&
			       isalpha((unsigned char)word[n - 2])
			   ? n - 1
			   : n;
		err = text_append(p->letters, sizeof(p->letters), "%.*s", (int)keep, word);
		if (!err)
			err = text_append(p->initials, sizeof(p->initials), "%c", word[0]);
		s += n;
	}
	return err;
}

int speech_pinyin(const char *text, enum pinyin_kind kind, struct pinyin *out)
{
	struct pinyin p = {0};
	struct work w = {.kind = kind, .out = p.numbered, .cap = sizeof(p.numbered)};
	int err;

	err = decode(text, w.text, &w.n);
	if (err)
		return err;
	pthread_once(&override_once, overrides_decode);
	err = trans_get(&w.trans);
	if (err)
		return err;
	simplify(&w);
	err = numbered(&w);
	if (!err)
		err = letters_fill(&p);
	if (!err)
		*out = p;
	return err;
}

/* True when the n characters at s are a word of the list, which is set apart by spaces. */
static bool one_of(const char *list, const char *s, size_t n)
{
	char word[8] = " ";

	if (n > sizeof(word) - 3)
		return false;
	memcpy(word + 1, s, n);
	word[n + 1] = ' ';
	return strstr(list, word) != NULL;
}

/* Initial and final of Mandarin; which go together is left to the ear. */
static bool is_syllable(const char *s, size_t n)
{
	static const char initials[] = " b p m f d t n l g k h j q x r z c s y w zh ch sh ";
	static const char finals[] = " a o e ai ei ao ou an en ang eng er i ia ie iao iu ian in "
				     "iang ing iong u ua uo uai ui uan un uang ong ue v ve io ";

	for (size_t i = 0; i <= 2 && i < n; i++)
		if ((i == 0 || one_of(initials, s, i)) && one_of(finals, s + i, n - i))
			return true;
	return n == 1 && s[0] == 'r'; /* the r of 儿 */
}

/* Lower case, ü and u: as v. Upper case at the start marks a Latin word and is kept. */
static int reading_normalise(const char *reading, char *out, size_t cap)
{
	size_t n = 0;

	for (const char *s = reading; *s; s++) {
		if (n + 2 > cap)
			return EOVERFLOW;
		if (memcmp(s, "ü", 2) == 0) {
			out[n++] = 'v';
			s++;
		} else if (s[0] == 'u' && s[1] == ':') {
			out[n++] = 'v';
			s++;
		} else {
			out[n++] = *s;
		}
	}
	out[n] = '\0';
	return 0;
}

/* A word of n letters and digits: a syllable and its tone; Latin when it begins with a capital or
 * is a number. */
static bool is_reading(const char *s, size_t n)
{
	if (!islower((unsigned char)s[0]))
		return true;
	return n >= 2 && s[n - 1] >= '1' && s[n - 1] <= '5' && is_syllable(s, n - 1);
}

int speech_pinyin_parse(const char *reading, struct pinyin *out)
{
	struct pinyin p = {0};
	int err = reading_normalise(reading, p.numbered, sizeof(p.numbered));

	if (err)
		return err;
	for (const char *s = p.numbered; *s;) {
		size_t n = 0;

		while (isalnum((unsigned char)s[n]))
			n++;
		if (n > 0 ? !is_reading(s, n) : !strchr(" ,.;?!-'", *s))
			return EINVAL;
		s += n ? n : 1;
	}
	err = letters_fill(&p);
	if (!err && !p.letters[0])
		err = EINVAL;
	if (!err)
		*out = p;
	return err;
}
