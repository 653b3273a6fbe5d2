/*
 * Pinyin of names, for speaking them (numbered: "zhang1 san1 feng1"), for searching (letters
 * "zhangsanfeng") and for the keypad (initials "zsf"). By ICU's Han-Latin with a list of readings
 * that it gets wrong; a reading kept in the directory goes before it. Safe from every thread: each
 * has a transliterator of its own. About 30 us a name.
 */
#ifndef SPEECH_PINYIN_H
#define SPEECH_PINYIN_H

#include <stdbool.h>

#define PINYIN_NUMBERED 1024
#define PINYIN_LETTERS	768
#define PINYIN_INITIALS 256

enum pinyin_kind {
	PINYIN_PERSON, /* a name: its first one or two characters are a surname */
	PINYIN_WORDS,  /* a department, a company, any other text */
};

struct pinyin {
	char numbered[PINYIN_NUMBERED]; /* ü is v, neutral tone 5; what isn't Han stays as it is */
	char letters[PINYIN_LETTERS];	/* a-z and digits only, ü is v */
	char initials[PINYIN_INITIALS]; /* first letter of each syllable or Latin word */
};

/* Errors: EINVAL (empty, not UTF-8), EOVERFLOW, ENOMEM, ENOSYS (ICU without its data). */
int speech_pinyin(const char *text, enum pinyin_kind kind, struct pinyin *out);

/* The same from a reading that somebody typed: syllables of letters and a tone digit 1-5, apart by
 * spaces; ü, v and u: are the same. EINVAL when a syllable isn't of Mandarin or has no tone. */
int speech_pinyin_parse(const char *reading, struct pinyin *out);

/* True when text has a Han character. */
bool speech_has_han(const char *text);

#endif
