/*
 * Bounded text: every string in a value of ours is a fixed array, zero padded, UTF-8.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies src (NULL counts as "") into dst of cap bytes, cuts at a UTF-8 character boundary and
 * fills the rest with zeros, so that values can be compared and hashed as bytes.
 * Returns 0, or EOVERFLOW when something was cut. */
int text_copy(char *dst, size_t cap, const char *src);

/* The same for src_len bytes that need no terminator. */
int text_copy_n(char *dst, size_t cap, const char *src, size_t src_len);

/* Appends a formatted string; cuts as text_copy does. Returns 0 or EOVERFLOW. */
int text_append(char *dst, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

bool text_eq(const char *a, const char *b);
bool text_starts(const char *s, const char *prefix);

/* True when s is valid UTF-8 (RFC 3629: no surrogates, no overlong forms) up to its terminator. */
bool text_utf8_valid(const char *s, size_t len);

/* True when s is 1 to max characters of 0-9 * #. */
bool text_is_dialable(const char *s, size_t max);

/* Edit distance (Levenshtein) up to limit; limit + 1 when farther. For "did you mean". */
unsigned text_distance(const char *a, const char *b, unsigned limit);

#define TEXT_COPY(dst, src) text_copy((dst), sizeof(dst), (src))

#endif
