/*
 * A YAML document as a tree that keeps the place of every value. Built from libyaml's events and
 * not by its loader: nesting and size are limited while reading, aliases are refused where they
 * stand (a few lines of them can stand for millions of values), and what came before a mistake in
 * the syntax is still there to be checked.
 */
#ifndef APP_CONFIG_DOCUMENT_H
#define APP_CONFIG_DOCUMENT_H

#include "app/config/config.h"

enum item_kind { ITEM_TEXT, ITEM_LIST, ITEM_MAP };

struct item {
	enum item_kind kind;
	bool quoted;	       /* a text in quotes */
	unsigned line, column; /* from 1 */
	char *text;	       /* ITEM_TEXT, never NULL there */
	struct item *key;      /* when its parent is a map */
	struct item *first, *last, *next;
	struct item *all; /* the document's chain, for freeing */
};

struct document {
	const char *file;      /* as the user named it; borrowed */
	char dir[CONFIG_PATH]; /* relative paths are taken from here */
	struct item *root;     /* NULL when the file is empty or wrong from the start */
	bool partial; /* a mistake in the syntax cut it short: what is missing isn't told */
	struct item *all;
	unsigned items;
};

/* Reads text into *d, mistakes into errs. Always leaves *d fit for document_free. Returns 0, EINVAL
 * or ENOMEM. */
int document_parse(struct document *d, const char *file, const char *text, size_t len,
		   struct config_errors *errs);
void document_free(struct document *d);

/* The whole of a file, at most CONFIG_FILE_MAX_BYTES; the caller frees *text. What fails is told in
 * errs. */
int document_read(const char *file, char **text, size_t *len, struct config_errors *errs);

/* The value of a key, or the n-th of a list; NULL when there is none. */
struct item *item_get(const struct item *map, const char *key);
struct item *item_nth(const struct item *list, unsigned n);

/* "trunks[1].peers[0]": NULL when there is none. */
struct item *document_find(const struct document *d, const char *path);

#endif
