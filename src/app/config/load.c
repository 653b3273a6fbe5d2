/* Files to values: whole or not at all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/config/errors.h"
#include "app/config/schema.h"
#include "base/text.h"

static void node_defaults(struct node_config *n)
{
	for (unsigned i = 0; i < n->interface_count; i++)
		if (!n->interfaces[i].advertised[0])
			TEXT_COPY(n->interfaces[i].advertised, n->interfaces[i].address);
	for (unsigned i = 0; i < n->trunk_count; i++)
		if (!n->trunks[i].name[0])
			TEXT_COPY(n->trunks[i].name, n->trunks[i].id);
	if (n->store.postgres[0])
		n->store.engine = CONFIG_POSTGRES;
	if (!n->limits.legs)
		n->limits.legs = n->limits.calls * 2;
	if (n->http.certificate[0] && !n->http.key[0])
		TEXT_COPY(n->http.key, n->http.certificate);
}

/* The tree is read even after a mistake in the syntax: what stands before it is checked too. */
static int parse(const char *file, const char *text, size_t len, const struct schema_field *schema,
		 void *out, struct config_errors *errs,
		 void (*check)(struct walk *w, const void *value))
{
	size_t before = errs->errors;
	struct document d;
	struct walk w = {.doc = &d, .errs = errs};
	int err = document_parse(&d, file, text, len, errs);

	if (err == ENOMEM)
		goto out;
	if (d.root) {
		schema_read(&w, schema, d.root, out);
		check(&w, out);
	} else if (errs->errors == before) {
		errors_add(errs, file, 0, 0, "config.file_empty");
	}
	err = errs->errors > before ? EINVAL : 0;
out:
	document_free(&d);
	return err;
}

static void check_node(struct walk *w, const void *value)
{
	node_check(w, value);
}

static void check_measures(struct walk *w, const void *value)
{
	const struct config_measures *m = value;

	measures_check(w, &m->measures);
}

int config_node_parse(const char *file, const char *text, size_t len, struct node_config *out,
		      struct config_errors *errs)
{
	struct node_config *n = calloc(1, sizeof(*n));
	int err;

	if (!n)
		return ENOMEM;
	err = parse(file, text, len, node_schema, n, errs, check_node);
	if (!err) {
		node_defaults(n);
		memcpy(out, n, sizeof(*n));
	}
	free(n);
	return err;
}

static int measures_parse(const char *file, const char *text, size_t len,
			  struct config_measures *out, struct config_errors *errs)
{
	struct config_measures *m = calloc(1, sizeof(*m));
	int err = m ? parse(file, text, len, measures_schema, m, errs, check_measures) : ENOMEM;

	if (!err)
		memcpy(out, m, sizeof(*m));
	free(m);
	return err;
}

static int measures_load(const char *path, struct config_measures *out, struct config_errors *errs)
{
	char *text = NULL;
	size_t len;
	int err = document_read(path, &text, &len, errs);

	if (!err)
		err = measures_parse(path, text, len, out, errs);
	free(text);
	return err;
}

int config_measures_parse(const char *file, const char *text, size_t len, struct measures *out,
			  struct config_errors *errs)
{
	struct config_measures *m = malloc(sizeof(*m));
	int err = m ? measures_parse(file, text, len, m, errs) : ENOMEM;

	if (!err)
		memcpy(out, &m->measures, sizeof(*out));
	free(m);
	return err;
}

int config_measures_load(const char *path, struct measures *out, struct config_errors *errs)
{
	struct config_measures *m = malloc(sizeof(*m));
	int err = m ? measures_load(path, m, errs) : ENOMEM;

	if (!err)
		memcpy(out, &m->measures, sizeof(*out));
	free(m);
	return err;
}

/* The names of the hours sets, in their order: directories count them. */
static void hours_names(struct config *c, unsigned i, const char *path)
{
	struct config_errors *spare = calloc(1, sizeof(*spare));
	struct document d;
	char *text = NULL;
	size_t len;
	unsigned n = 0;

	if (spare && document_read(path, &text, &len, spare) == 0) {
		if (document_parse(&d, path, text, len, spare) == 0)
			for (const struct item *it = item_get(d.root, "hours")
							 ? item_get(d.root, "hours")->first
							 : NULL;
			     it && n < MEASURES_HOURS_SETS; it = it->next)
				TEXT_COPY(c->hours_names[i][n++], it->key->text);
		document_free(&d);
	}
	free(text);
	free(spare);
}

/* Those of a broken node file are read too, as far as it names any: all is told at once. */
static void measures_load_all(struct config *c, struct config_errors *errs)
{
	struct config_measures *m = malloc(sizeof(*m));

	for (unsigned i = 0; i < c->node.organisation_count; i++) {
		const struct config_organisation *o = &c->node.organisations[i];
		bool again = !o->measures[0];

		for (unsigned j = 0; j < i; j++)
			again |= text_eq(o->measures, c->node.organisations[j].measures);
		if (!m || again || measures_load(o->measures, m, errs))
			continue;
		memcpy(&c->measures[i], &m->measures, sizeof(m->measures));
		memcpy(&c->cards[i], &m->cards, sizeof(m->cards));
		c->measures[i].org = o->id;
		c->measures[i].kind = o->kind;
		hours_names(c, i, o->measures);
	}
	free(m);
}

/* Fills *c as far as it can. */
static int load(const char *path, struct config *c, struct config_errors *errs)
{
	size_t before = errs->errors;
	char *text = NULL;
	size_t len;
	int err;

	TEXT_COPY(c->path, path);
	err = document_read(path, &text, &len, errs);
	if (err)
		return err;
	err = parse(path, text, len, node_schema, &c->node, errs, check_node);
	free(text);
	if (err == ENOMEM)
		return err;
	node_defaults(&c->node);
	measures_load_all(c, errs);
	return errs->errors > before ? EINVAL : 0;
}

int config_load(const char *path, struct config **out, struct config_errors *errs)
{
	struct config *c = calloc(1, sizeof(*c));
	int err = c ? load(path, c, errs) : ENOMEM;

	if (err)
		config_free(c);
	else
		*out = c;
	return err;
}

void config_free(struct config *c)
{
	free(c);
}

static enum config_kind kind_of(const struct item *root)
{
	unsigned node = schema_known_keys(node_schema, root);
	unsigned measures = schema_known_keys(measures_schema, root);

	if (!node && !measures)
		return CONFIG_KIND_UNKNOWN;
	return node >= measures ? CONFIG_KIND_NODE : CONFIG_KIND_MEASURES;
}

static int kind_detect(const char *path, enum config_kind *kind, struct config_errors *errs)
{
	struct config_errors *spare = calloc(1, sizeof(*spare));
	struct document d;
	char *text = NULL;
	size_t len;
	int err = spare ? document_read(path, &text, &len, errs) : ENOMEM;

	if (!err) {
		document_parse(&d, path, text, len, spare);
		*kind = kind_of(d.root);
		if (*kind == CONFIG_KIND_UNKNOWN && spare->count &&
		    errs->count < CONFIG_ERRORS_MAX) {
			errs->list[errs->count++] = spare->list[0];
			errs->errors++;
		} else if (*kind == CONFIG_KIND_UNKNOWN) {
			errors_add(errs, path, 0, 0, "config.unknown_file");
		}
		document_free(&d);
	}
	free(text);
	free(spare);
	return err;
}

/* A directory is held against its organisation's measures when these are right, else by itself. */
static int check_node_file(const char *path, struct config_errors *errs)
{
	struct config *c = calloc(1, sizeof(*c));
	int err = c ? load(path, c, errs) : ENOMEM;

	for (unsigned i = 0; c && i < c->node.organisation_count; i++)
		if (c->node.organisations[i].directory[0])
			config_folder_check(c->measures[i].version ? c : NULL, i,
					    c->node.organisations[i].directory, errs);
	config_free(c);
	return err;
}

static int check_yaml(const char *path, enum config_kind *kind, struct config_errors *errs)
{
	struct measures m;
	int err = kind_detect(path, kind, errs);

	if (err)
		return err;
	switch (*kind) {
	case CONFIG_KIND_NODE:
		return check_node_file(path, errs);
	case CONFIG_KIND_MEASURES:
		return config_measures_load(path, &m, errs);
	case CONFIG_KIND_DIRECTORY:
	case CONFIG_KIND_UNKNOWN:
		break;
	}
	return EINVAL;
}

int config_file_check(const char *path, enum config_kind *kind, struct config_errors *errs)
{
	size_t before = errs->errors;
	struct stat st;
	int err;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		*kind = CONFIG_KIND_DIRECTORY;
		config_folder_check(NULL, 0, path, errs);
		err = 0;
	} else {
		*kind = CONFIG_KIND_UNKNOWN;
		err = check_yaml(path, kind, errs);
	}
	return err ? err : errs->errors > before ? EINVAL : 0;
}
