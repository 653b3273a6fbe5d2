/* The types of single values: one row each, with what is expected of them in lang/. */
#ifndef APP_CONFIG_SCALAR_H
#define APP_CONFIG_SCALAR_H

#include "app/config/schema.h"

const char *scalar_expect(enum schema_type t); /* key in lang/ */
const char *scalar_name(enum schema_type t);   /* for the reference */

/* it is a text. Tells what is wrong, with the half-width form as suggestion when that is right. */
bool scalar_read(struct walk *w, const struct schema_field *f, const struct item *it, void *to);

/* An address, v4 or v6. */
bool scalar_is_address(const char *s);
bool scalar_is_concrete(const char *s);

#endif
