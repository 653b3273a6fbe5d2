/*
 * The catalogue: every text that a person sees or hears, in three languages, from lang/. Flat keys,
 * texts with {name} placeholders. Opened once; afterwards it never changes, so every thread may
 * read it without a lock.
 */
#ifndef BASE_CATALOGUE_H
#define BASE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

enum lang { LANG_ZH_CN, LANG_ZH_TW, LANG_EN, LANG_COUNT };

#define CATALOGUE_TEXT	1024 /* bytes of a text, terminator included */
#define CATALOGUE_WHY	512
#define CATALOGUE_KEYS	4096 /* keys of a language */
#define CATALOGUE_SLOTS 8    /* placeholders of a text */

struct catalogue;

const char *lang_name(enum lang lang); /* "zh-CN", also the name of its file */

/* "zh-CN", "zh_TW.UTF-8", "en", "en-US": case does not matter. False when it is none of ours. */
bool lang_parse(const char *name, enum lang *lang);

/* Reads dir/{zh-CN,zh-TW,en}.json and checks that all three have the same keys, each a text with
 * the same placeholders. Errors: errno of reading a file; EINVAL when the content is wrong; ENOMEM.
 * `why` (CATALOGUE_WHY bytes; NULL when nobody wants it) then names file, line or key. */
int catalogue_open(struct catalogue **cp, const char *dir, char *why);
void catalogue_close(struct catalogue *c); /* accepts NULL */

/* Never NULL: a key that isn't there is its own text. Owned by the catalogue. */
const char *catalogue_text(const struct catalogue *c, enum lang lang, const char *key);
bool catalogue_has(const struct catalogue *c, const char *key);

/* The text with its placeholders filled: pairs of name and value, then NULL. A placeholder without
 * a value stays as it is; pairs after the first CATALOGUE_SLOTS are not read. Returns 0, ENOENT
 * (no such key), EOVERFLOW (cut at a character). */
int catalogue_format(const struct catalogue *c, enum lang lang, const char *key, char *out,
		     size_t cap, ...) __attribute__((sentinel));

/* The same filling for a template that the caller has; values as name, value, name, value. */
int catalogue_fill(const char *text, char *out, size_t cap, const char *const *pairs,
		   size_t pair_count);

/* Calls fn for each key that starts with prefix, in the order of the zh-CN file, until it returns
 * other than 0; returns that. */
typedef int(catalogue_each_h)(const char *key, void *arg);
int catalogue_each(const struct catalogue *c, const char *prefix, catalogue_each_h *fn, void *arg);

#endif
