/* How the room's files put a mistake on the list. */
#ifndef APP_CONFIG_ERRORS_H
#define APP_CONFIG_ERRORS_H

#include "app/config/config.h"

/* Adds an empty error and returns it, or a spare one when the list is full; never NULL. */
struct config_error *errors_add(struct config_errors *errs, const char *file, unsigned line,
				unsigned column, const char *key);

/* The same as a warning: told, but no reason to refuse the file. */
struct config_error *errors_warn(struct config_errors *errs, const char *file, unsigned line,
				 unsigned column, const char *key);

/* Of `count` words the one nearest to `word`, NULL when none is near enough to be meant. */
const char *errors_nearest(const char *word, const char *const *words, size_t count);

/* The half-width form of s: full-width digits, letters and punctuation and Chinese quotation marks
 * are what an input method leaves behind. False when s had none of them. */
bool errors_half_width(const char *s, char *out, size_t cap);

#endif
