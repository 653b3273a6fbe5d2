#include "app/config/cross.h"

#include <stdlib.h>
#include <string.h>

#include "app/config/errors.h"
#include "app/config/schema.h"
#include "base/text.h"

struct cross {
	const struct config *c;
	unsigned org;
	const struct measures *m;
	const struct directory *d;
	const struct cross_lines *lines;
	struct config_errors *errs;
	struct walk node, measures; /* for the places of settings */
};

enum entry { ENTRY_EXTENSION, ENTRY_PERSON, ENTRY_DEPARTMENT };

static struct config_error *entry_error(struct cross *x, enum entry kind, uint32_t i,
					const char *key, bool warning)
{
	static const char *const files[] = {"extensions.csv", "people.csv", "departments.csv"};
	static const char *const words[] = {"extensions", "people", "departments"};
	const unsigned *lines[] = {x->lines->extensions, x->lines->people, x->lines->departments};
	const uint32_t ids[] = {
	    kind == ENTRY_EXTENSION ? x->d->extensions[i].id : 0,
	    kind == ENTRY_PERSON ? x->d->people[i].id : 0,
	    kind == ENTRY_DEPARTMENT ? x->d->departments[i].id : 0,
	};
	char file[CONFIG_PATH] = "directory";
	unsigned line = lines[kind] ? lines[kind][i] : 0;
	struct config_error *e;

	if (lines[kind])
		snprintf(file, sizeof(file), "%.200s/%s", x->lines->folder, files[kind]);
	e = warning ? errors_warn(x->errs, file, line, line ? 1 : 0, key)
		    : errors_add(x->errs, file, line, line ? 1 : 0, key);
	snprintf(e->at, sizeof(e->at), "%s %u", words[kind], ids[kind]);
	return e;
}

static bool number_known(const struct cross *x, const char *number)
{
	if (text_eq(number, x->m->main_number))
		return true;
	for (uint32_t i = 0; i < x->d->extension_count; i++)
		if (text_eq(number, x->d->extensions[i].number))
			return true;
	for (uint32_t i = 0; i < x->d->department_count; i++)
		if (text_eq(number, x->d->departments[i].number))
			return true;
	return false;
}

static void did_check(struct cross *x, unsigned i)
{
	const char *to = x->c->node.organisations[x->org].numbers[i].to;
	struct config_error *e;
	unsigned best = 2; /* one digit wrong may have been meant */

	if (!to[0] || number_known(x, to))
		return;
	e = walk_error_at(&x->node, "config.dir.number_unknown", "organisations[%u].numbers[%u].to",
			  x->org, i);
	TEXT_COPY(e->found, to);
	for (uint32_t j = 0; j < x->d->extension_count; j++) {
		unsigned distance = text_distance(to, x->d->extensions[j].number, 1);

		if (distance < best) {
			best = distance;
			TEXT_COPY(e->suggestion, x->d->extensions[j].number);
		}
	}
}

static void department_needed(struct cross *x, uint32_t id, const char *key)
{
	struct config_error *e;

	for (uint32_t i = 0; i < x->d->department_count; i++) {
		if (x->d->departments[i].id != id)
			continue;
		if (!x->d->departments[i].member_count) {
			e = entry_error(x, ENTRY_DEPARTMENT, i, "config.dir.no_members", true);
			TEXT_COPY(e->found, x->d->departments[i].name);
		}
		return;
	}
	e = walk_error_at(&x->measures, "config.dir.department_unknown", "departments.%s", key);
	snprintf(e->found, sizeof(e->found), "%u", id);
}

/* What is wrong with a number of extension or department: the text's key, NULL when it is fine. */
static const char *number_fault(const struct cross *x, const char *number, char *a, size_t cap)
{
	const struct measures *m = x->m;
	size_t len = strlen(number);
	unsigned long n = strtoul(number, NULL, 10), park = strtoul(m->park_first, NULL, 10);

	text_copy(a, cap, "");
	if (text_eq(number, m->main_number))
		return "config.dir.main_number";
	if (len < m->extension_digits_min || len > m->extension_digits_max)
		return "config.dir.length";
	text_copy(a, cap, m->outside_prefix);
	if (m->outside_prefix[0] && text_starts(number, m->outside_prefix))
		return "config.dir.outside";
	text_copy(a, cap, m->operator_number);
	if (text_starts(number, m->operator_number))
		return "config.dir.operator";
	for (unsigned i = 0; i < m->emergency_count; i++) {
		text_copy(a, cap, m->emergency[i]);
		if (text_starts(number, m->emergency[i]))
			return "config.dir.emergency";
	}
	if (m->mailbox_outside[0] && text_starts(number, m->mailbox_outside))
		return "config.dir.mailbox";
	if (m->park_slots && len == strlen(m->park_first) && n >= park && n < park + m->park_slots)
		return "config.dir.parking";
	return NULL;
}

static void number_check(struct cross *x, enum entry kind, uint32_t i, const char *number)
{
	char a[64];
	const char *key = number[0] ? number_fault(x, number, a, sizeof(a)) : NULL;
	struct config_error *e;

	if (!key)
		return;
	e = entry_error(x, kind, i, key, false);
	TEXT_COPY(e->found, number);
	TEXT_COPY(e->a, a);
	if (text_eq(key, "config.dir.length")) {
		snprintf(e->a, sizeof(e->a), "%u", x->m->extension_digits_min);
		snprintf(e->b, sizeof(e->b), "%u", x->m->extension_digits_max);
	}
}

struct dialled {
	const char *number;
	enum entry kind;
	uint32_t index;
};

static int by_number(const void *a, const void *b)
{
	return strcmp(((const struct dialled *)a)->number, ((const struct dialled *)b)->number);
}

/* Sorted, a number that begins like another stands behind it. */
static void beginnings_check(struct cross *x)
{
	uint32_t n = 0, last = 0;
	struct dialled *all =
	    calloc((size_t)x->d->extension_count + x->d->department_count + 1, sizeof(*all));

	if (!all)
		return;
	for (uint32_t i = 0; i < x->d->extension_count; i++)
		all[n++] = (struct dialled){x->d->extensions[i].number, ENTRY_EXTENSION, i};
	for (uint32_t i = 0; i < x->d->department_count; i++)
		if (x->d->departments[i].number[0])
			all[n++] =
			    (struct dialled){x->d->departments[i].number, ENTRY_DEPARTMENT, i};
	qsort(all, n, sizeof(*all), by_number);
	for (uint32_t i = 1; i < n; i++) {
		const char *a = all[last].number, *b = all[i].number;
		struct config_error *e;

		if (!*a || text_eq(a, b) || !text_starts(b, a)) {
			last = i;
			continue;
		}
		e = entry_error(x, all[i].kind, all[i].index, "config.dir.begins", false);
		TEXT_COPY(e->found, b);
		TEXT_COPY(e->a, a);
	}
	free(all);
}

static void hours_check(struct cross *x, uint32_t i)
{
	const struct directory_department *p = &x->d->departments[i];
	const struct directory_department *q;
	unsigned sets = 0;
	struct config_error *e;

	while (sets < MEASURES_HOURS_SETS && x->c->hours_names[x->org][sets][0])
		sets++;
	if (p->hours >= sets) {
		e = entry_error(x, ENTRY_DEPARTMENT, i, "config.dir.hours", false);
		snprintf(e->found, sizeof(e->found), "%u", p->hours);
		snprintf(e->a, sizeof(e->a), "%u", sets ? sets - 1 : 0);
	}
	for (uint32_t j = 0; p->announce && j < i; j++) {
		q = &x->d->departments[j];
		if (q->announce != p->announce)
			continue;
		e = entry_error(x, ENTRY_DEPARTMENT, i, "config.dir.announce", true);
		TEXT_COPY(e->found, p->name);
		TEXT_COPY(e->a, q->name);
	}
}

/* Article 4 says what happens when a post is vacant, so these are notes. */
static void posts_check(struct cross *x)
{
	static const struct {
		enum post post;
		const char *key;
	} rows[] = {
	    {POST_CHAIRMAN, "config.dir.vacant.chairman"},
	    {POST_GENERAL_MANAGER, "config.dir.vacant.general_manager"},
	    {POST_GAD_MANAGER, "config.dir.vacant.gad_manager"},
	    {POST_OPERATOR, "config.dir.vacant.operator"},
	};
	bool held[POST_COUNT] = {false};
	char file[CONFIG_PATH] = "directory";

	if (x->lines->folder)
		snprintf(file, sizeof(file), "%.200s/people.csv", x->lines->folder);
	for (uint32_t i = 0; i < x->d->person_count; i++) {
		const struct directory_person *p = &x->d->people[i];
		bool leader = p->post == POST_CHAIRMAN || p->post == POST_VICE_CHAIRMAN;

		if (p->post < POST_COUNT)
			held[p->post] = true;
		if (leader && !p->secretary)
			TEXT_COPY(
			    entry_error(x, ENTRY_PERSON, i, "config.dir.no_secretary", true)->found,
			    p->name);
		if (!p->extension && p->post != POST_EMPLOYEE && !leader)
			TEXT_COPY(
			    entry_error(x, ENTRY_PERSON, i, "config.dir.no_extension", true)->found,
			    p->name);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!held[rows[i].post])
			errors_warn(x->errs, file, 0, 0, rows[i].key);
}

static void all_check(struct cross *x)
{
	const struct config_organisation *o = &x->c->node.organisations[x->org];

	for (unsigned i = 0; i < o->number_count; i++)
		did_check(x, i);
	department_needed(x, x->m->gad_department, "general_administration");
	department_needed(x, x->m->customer_service_department, "customer_service");
	for (uint32_t i = 0; i < x->d->extension_count; i++)
		number_check(x, ENTRY_EXTENSION, i, x->d->extensions[i].number);
	for (uint32_t i = 0; i < x->d->department_count; i++) {
		number_check(x, ENTRY_DEPARTMENT, i, x->d->departments[i].number);
		hours_check(x, i);
	}
	beginnings_check(x);
	posts_check(x);
}

static int open_document(struct document *d, const char *path, char **text,
			 struct config_errors *errs)
{
	size_t len;
	int err = document_read(path, text, &len, errs);

	memset(d, 0, sizeof(*d));
	d->file = path;
	return err ? err : document_parse(d, path, *text, len, errs);
}

void cross_check(const struct config *c, unsigned organisation, const struct directory *d,
		 const struct cross_lines *lines, struct config_errors *errs)
{
	const char *path = c->node.organisations[organisation].measures;
	struct document node, measures;
	char *a = NULL, *b = NULL;
	struct cross x = {.c = c,
			  .org = organisation,
			  .m = &c->measures[organisation],
			  .d = d,
			  .lines = lines,
			  .errs = errs,
			  .node = {.doc = &node, .errs = errs},
			  .measures = {.doc = &measures, .errs = errs}};
	struct config_errors *spare = calloc(1, sizeof(*spare));

	if (!spare)
		return;
	open_document(&node, c->path, &a, spare);
	open_document(&measures, path, &b, spare);
	all_check(&x);
	document_free(&node);
	document_free(&measures);
	free(a);
	free(b);
	free(spare);
}

void config_directory_check(const struct config *c, unsigned organisation,
			    const struct directory *d, struct config_errors *errs)
{
	static const struct cross_lines none;

	cross_check(c, organisation, d, &none, errs);
}
